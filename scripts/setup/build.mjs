/**
 * dist/: the compiled package. Child processes (workers, engines, checkers) run from it, so it must never be a mixture
 * of two states of src: what has no source any more is deleted, and the stamp is written last.
 */
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { CommandFailed, capture } from "./command.mjs";
import { digestOfPaths, filesBelow } from "./digest.mjs";
import { packageRoot, privateDir } from "./home.mjs";
import { withLock } from "./lock.mjs";

const INPUTS = ["src", "tsconfig.json", "package-lock.json"];
const STAMP = ".stamp";

/** Why dist must be built; undefined if it is current. */
export function buildProblem(root = packageRoot) {
  const stamp = join(root, "dist", STAMP);
  if (!existsSync(stamp)) return "dist is missing or incomplete";
  return readFileSync(stamp, "utf8") === digestOfPaths(root, INPUTS)
    ? undefined
    : "src has changed since dist was built";
}

/**
 * What dist holds for the sources: compiled TypeScript with its map, and every other file as it is. Pure.
 * @param {string[]} sources paths below src
 */
export function expectedOutputs(sources) {
  /** @type {string[]} */
  const compiled = [];
  /** @type {string[]} */
  const copied = [];
  for (const file of sources) {
    if (file.endsWith(".d.ts")) continue;
    if (file.endsWith(".ts")) compiled.push(file.replace(/\.ts$/, ".js"), file.replace(/\.ts$/, ".js.map"));
    else copied.push(file);
  }
  return { compiled, copied };
}

/** Builds dist unless it is current. @param {{ force?: boolean, root?: string }} [options] */
export async function build({ force = false, root = packageRoot } = {}) {
  await withLock(join(privateDir(join(root, ".glovebox")), "build.lock"), async () => {
    if (!force && buildProblem(root) === undefined) return;
    const digest = digestOfPaths(root, INPUTS);
    const dist = join(root, "dist");
    rmSync(join(dist, STAMP), { force: true });
    const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
    const { code, output } = await capture(
      process.execPath,
      [tsc, "-p", "tsconfig.json", "--pretty", "false"],
      {
        cwd: root,
        timeoutMs: 300_000,
      },
    );
    const { compiled, copied } = expectedOutputs(filesBelow(join(root, "src")));
    for (const file of copied) {
      mkdirSync(dirname(join(dist, file)), { recursive: true });
      copyFileSync(join(root, "src", file), join(dist, file));
    }
    const wanted = new Set([...compiled, ...copied]);
    for (const file of existsSync(dist) ? filesBelow(dist) : []) {
      if (!wanted.has(file)) rmSync(join(dist, file));
    }
    if (code !== 0) throw new CommandFailed("the compile of src (tsc)", output);
    writeFileSync(join(dist, STAMP), digest);
  });
}
