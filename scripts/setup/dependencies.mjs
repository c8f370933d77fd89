/**
 * node_modules: whether it is what package-lock.json asks for, and `npm ci` when it is not.
 *
 * Fresh means: npm's own record of what it installed (node_modules/.package-lock.json, written last) agrees with the
 * lock, and the compiled module is there and was built for this Node. The second is remembered in a stamp.
 */
import { existsSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { capture, findProgram, runLogged } from "./command.mjs";
import { digestOfPaths } from "./digest.mjs";
import { packageRoot, privateDir } from "./home.mjs";
import { withLock } from "./lock.mjs";

/** What a compile of the native module needs: program → Debian package. */
export const COMPILER = /** @type {const} */ ({ "g++": "g++", make: "make", python3: "python3" });

/** @typedef {{ version?: string, integrity?: string, optional?: boolean, dev?: boolean, peer?: boolean, link?: boolean }} LockedPackage */

/**
 * Why node_modules is not what the lock asks for; undefined if it is. Pure.
 * @param {Record<string, LockedPackage>} wanted    `packages` of package-lock.json
 * @param {Record<string, LockedPackage>} installed `packages` of node_modules/.package-lock.json
 */
export function lockDifference(wanted, installed) {
  for (const [path, { version, integrity, optional }] of Object.entries(wanted)) {
    if (path === "") continue;
    const there = installed[path];
    if (!there && optional) continue; // of another platform
    if (!there) return `${path} is missing`;
    if (there.version !== version || there.integrity !== integrity) return `${path} is another version`;
  }
  const extra = Object.keys(installed).find((path) => !(path in wanted));
  return extra === undefined ? undefined : `${extra} is not in the lock`;
}

/** Why dependencies must be installed; undefined if they need not. @param {string} root @returns {Promise<string | undefined>} */
export async function dependenciesProblem(root = packageRoot) {
  const record = join(root, "node_modules", ".package-lock.json");
  if (!existsSync(record)) return "node_modules is missing or incomplete";
  const wanted = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")).packages;
  const difference = lockDifference(wanted, JSON.parse(readFileSync(record, "utf8")).packages);
  if (difference) return difference;
  if (readStamp(root) === expectedStamp(root)) return undefined;
  const load = 'const D = require("better-sqlite3"); new D(":memory:").close()';
  const { code } = await capture(process.execPath, ["-e", load], { cwd: root });
  if (code !== 0) return `better-sqlite3 is not compiled for Node ${process.version}`;
  writeFileSync(stampFile(root), expectedStamp(root));
  return undefined;
}

/** @param {string} root */
const stampFile = (root) => join(root, "node_modules", ".glovebox-stamp");

/** @param {string} root */
function readStamp(root) {
  return existsSync(stampFile(root)) ? readFileSync(stampFile(root), "utf8") : "";
}

/** Of the lock and of what compiled code depends on. @param {string} root */
function expectedStamp(root) {
  const node = `${process.platform}-${process.arch}-${process.versions.modules}`;
  return `${digestOfPaths(root, ["package-lock.json"])} ${node}\n`;
}

/** Programs missing for a compile, as Debian packages. @returns {string[]} */
export function missingCompiler(find = findProgram) {
  return Object.entries(COMPILER).flatMap(([program, name]) => (find(program) ? [] : [name]));
}

/**
 * The folder whose include/node belongs to the running Node, so that node-gyp has nothing to download; undefined if
 * the headers are not on this machine.
 */
export function nodeHeaders(execPath = process.execPath) {
  for (const prefix of [dirname(dirname(realpathSync(execPath))), "/usr"]) {
    const file = join(prefix, "include", "node", "node_version.h");
    if (!existsSync(file)) continue;
    const major = /#define NODE_MAJOR_VERSION (\d+)/.exec(readFileSync(file, "utf8"))?.[1];
    if (major === process.versions.node.split(".")[0]) return prefix;
  }
  return undefined;
}

/** Installs exactly the lock. Two set-ups of one checkout do it once. @param {(message: string) => void} onWait */
export async function installDependencies(onWait, root = packageRoot) {
  const state = privateDir(join(root, ".glovebox"));
  await withLock(
    join(state, "dependencies.lock"),
    async () => {
      if ((await dependenciesProblem(root)) === undefined) return;
      const headers = nodeHeaders();
      /** @type {Record<string, string>} */
      const env = headers ? { npm_package_config_node_gyp_nodedir: headers } : {};
      await runLogged("npm", ["ci", "--no-progress"], { log: join(state, "npm-ci.log"), cwd: root, env });
      const problem = await dependenciesProblem(root);
      if (problem) throw new Error(`npm ci ended well, but ${problem}`);
    },
    () => onWait("another set-up is installing in this checkout"),
  );
}
