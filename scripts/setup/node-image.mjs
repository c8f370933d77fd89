/**
 * The image of a node, built where no registry is: a base from Debian packages, and the Dockerfile upon it.
 *
 * Rules
 * - The base has this machine's own Node, since Debian's is older than what glovebox needs; so it is known by the
 *   package list and Node's version together, and built once.
 * - The context holds what runs and nothing else: no tests, no secrets, no development dependencies. It carries the
 *   installed dependencies, so the build has no network.
 */
import { spawn } from "node:child_process";
import { createReadStream, existsSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { join } from "node:path";
import { capture, exitOf, runLogged } from "./command.mjs";
import { digestOf } from "./digest.mjs";
import { dockerCall } from "./docker-http.mjs";
import { enginePaths, packageRoot, privateDir } from "./home.mjs";
import { withLock } from "./lock.mjs";
import { unmountBelow } from "./mounts.mjs";
import { parsePackages } from "./recipe.mjs";

/** A step of a build may say nothing for long. */
const PATIENCE_MS = 30 * 60_000;
const SUITE = "bookworm";
const EPOCH = "1700000000";
const LEFT_OUT = ["doc", "info", "lintian", "locale", "man"].map((name) => `/usr/share/${name}/*`);
/** What of a checkout an image holds. */
export const CONTEXT = [
  "Dockerfile",
  "LICENSE",
  "README.md",
  "bin",
  "deploy",
  "dist",
  "docs",
  "examples",
  "openapi.json",
  "package-lock.json",
  "package.json",
  "sandbox-images",
  "scripts",
];

/** Reference of the base as package list and Node now are. */
export function baseReference(list = readFileSync(join(packageRoot, "deploy", "packages.txt"), "utf8")) {
  const digest = digestOf([
    { name: "packages", content: parsePackages(list).join("\n") },
    { name: "node", content: process.version },
    { name: "suite", content: `${SUITE} ${EPOCH} ${LEFT_OUT.join(" ")}` },
  ]);
  return `glovebox/node-base:${digest.slice(0, 12)}`;
}

/** Builds the base unless it is there; its reference. @param {string} socketPath */
export async function ensureBase(socketPath, env = process.env) {
  const paths = enginePaths(env);
  privateDir(paths.home);
  const reference = baseReference();
  await withLock(`${paths.lock}.node-base`, async () => {
    const there = await dockerCall(socketPath, "GET", `/images/${reference}/json`).catch(() => undefined);
    if (there === undefined) await buildBase(socketPath, reference, paths);
  });
  return reference;
}

/**
 * @param {string} socketPath
 * @param {string} reference
 * @param {ReturnType<typeof enginePaths>} paths
 */
async function buildBase(socketPath, reference, paths) {
  const folder = join(paths.build, "node-base");
  await unmountBelow(folder);
  rmSync(folder, { recursive: true, force: true });
  privateDir(folder);
  const tar = join(folder, "base.tar");
  try {
    const packages = parsePackages(readFileSync(join(packageRoot, "deploy", "packages.txt"), "utf8"));
    await runLogged("mmdebstrap", mmdebstrapArgs(packages, tar), {
      log: join(paths.home, "build-node-base.log"),
      env: { TMPDIR: folder, SOURCE_DATE_EPOCH: EPOCH, LC_ALL: "C.UTF-8" },
    });
    const [repo = "", tag = ""] = reference.split(":");
    const query = new URLSearchParams({ fromSrc: "-", repo, tag });
    const answer = await dockerCall(socketPath, "POST", `/images/create?${query}`, {
      body: createReadStream(tar),
    });
    requireDone(answer, "import of the base");
  } finally {
    await unmountBelow(folder);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param {string[]} packages @param {string} tar */
function mmdebstrapArgs(packages, tar) {
  const args = ["--mode=root", "--variant=essential", "--format=tar", '--aptopt=APT::Sandbox::User "root"'];
  args.push(`--include=${packages.join(",")}`, ...LEFT_OUT.map((path) => `--dpkgopt=path-exclude=${path}`));
  const node = realpathSync(process.execPath);
  args.push(
    `--customize-hook=copy-in ${node} /usr/bin`,
    '--customize-hook=chroot "$1" node --version',
    '--customize-hook=rm -f "$1/etc/hostname" "$1/etc/resolv.conf"',
    SUITE,
    tar,
  );
  return args;
}

/**
 * Builds the Dockerfile upon a base, without a network. Returns the image's id.
 * @param {string} socketPath
 * @param {{ base: string, tag: string }} choice
 */
export async function buildNodeImage(socketPath, { base, tag }) {
  if (!existsSync(join(packageRoot, "dist"))) throw new Error("dist is not built; run: npm run setup");
  const query = new URLSearchParams({ t: tag, networkmode: "none", rm: "1", forcerm: "1" });
  query.set("buildargs", JSON.stringify({ BASE: base }));
  const paths = [...CONTEXT, ...(await productionModules())];
  const tar = spawn("tar", ["-C", packageRoot, "-cf", "-", "--owner=0", "--group=0", ...paths], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [answer, code] = await Promise.all([
    dockerCall(socketPath, "POST", `/build?${query}`, { body: tar.stdout, timeoutMs: PATIENCE_MS }),
    exitOf(tar),
  ]);
  if (code !== 0) throw new Error("the build context could not be read");
  requireDone(answer, "the build");
  return JSON.parse(await dockerCall(socketPath, "GET", `/images/${tag}/json`)).Id;
}

/** Folders of the installed dependencies that are needed at run time, relative to the package. */
async function productionModules() {
  const args = ["ls", "--omit=dev", "--parseable", "--all"];
  const { code, output } = await capture("npm", args, { cwd: packageRoot });
  const root = `${packageRoot}/`;
  const modules = output.split("\n").filter((line) => line.startsWith(`${root}node_modules/`));
  if (code !== 0 || modules.length === 0) throw new Error("node_modules is not whole; run: npm run setup");
  return outermost(modules.map((line) => line.slice(root.length)));
}

/** Without folders that lie in another one of them: a tar takes each once. @param {string[]} folders */
export function outermost(folders) {
  const sorted = [...folders].sort();
  return sorted.filter((folder) => !sorted.some((other) => folder.startsWith(`${other}/`)));
}

/** The engine answers 200 at once; how it went stands in the lines that follow. @param {string} answer @param {string} what */
function requireDone(answer, what) {
  for (const line of answer.split("\n").filter((line) => line.trim() !== "")) {
    const { error } = JSON.parse(line);
    if (error) throw new Error(`${what} failed: ${error}`);
  }
}
