/**
 * A recipe's layer: a few files laid on an image that is built already, so that a change of them costs seconds and not
 * minutes. The same files on the same image give the same layer, byte for byte.
 */
import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { CommandFailed, exitOf } from "./command.mjs";
import { dockerCall } from "./docker-http.mjs";
import { importChanges, LAYER } from "./recipe.mjs";

/** What the engine itself puts into a container. */
const NOT_OURS = [
  "/proc",
  "/sys",
  "/dev",
  "/.dockerenv",
  "/etc/mtab",
  "/etc/hosts",
  "/etc/hostname",
  "/etc/resolv.conf",
];
/** Where the script stands while it runs. */
const SCRIPT = `/${LAYER.script}`;

/**
 * Runs what the recipe says over its files, and names the result. What the script made is stamped with the recipe's time.
 * @param {string} socketPath
 * @param {import("./recipe.mjs").Recipe} recipe
 * @param {{ id: string, packages: string }} base   the image below, and the digest of its list of packages
 * @param {{ repo: string, tag: string }} name
 */
export async function layOn(socketPath, recipe, base, name) {
  const container = await create(socketPath, base.id, recipe);
  try {
    await putTar(socketPath, container, recipe, join(recipe.folder, LAYER.files), "/");
    if (existsSync(join(recipe.folder, LAYER.script)))
      await putTar(socketPath, container, recipe, recipe.folder, "/", [LAYER.script]);
    await run(socketPath, container);
    await commit(socketPath, container, recipe, base.packages, name);
  } finally {
    await dockerCall(socketPath, "DELETE", `/containers/${container}?force=true`);
  }
}

/** @param {unknown} value */
const json = (value) => ({ body: Readable.from([JSON.stringify(value)]), type: "application/json" });

/** @param {string} socketPath @param {string} image @param {import("./recipe.mjs").Recipe} recipe @returns {Promise<string>} */
async function create(socketPath, image, recipe) {
  // Stamped last, the root folder itself too: what is newer than the recipe's time was made here.
  const found = `find / -xdev \\( ${NOT_OURS.map((path) => `-path ${path}`).join(" -o ")} \\) -prune -o -newermt @${recipe.epoch}`;
  const stamp = `${found} -exec touch -h -d @${recipe.epoch} {} +`;
  const steps = `set -eu; if [ -e ${SCRIPT} ]; then sh -eu ${SCRIPT}; rm ${SCRIPT}; fi; ${stamp}`;
  const spec = {
    Image: image,
    User: "0:0",
    WorkingDir: "/",
    Cmd: ["sh", "-c", steps],
    HostConfig: { NetworkMode: "none" },
  };
  const made = JSON.parse(await dockerCall(socketPath, "POST", "/containers/create", json(spec)));
  return made.Id;
}

/**
 * @param {string} socketPath
 * @param {string} container
 * @param {import("./recipe.mjs").Recipe} recipe
 * @param {string} folder
 * @param {string} target
 * @param {string[]} names
 */
async function putTar(socketPath, container, recipe, folder, target, names = readdirSync(folder).sort()) {
  const args = ["--sort=name", "--format=ustar", `--mtime=@${recipe.epoch}`, "--owner=0", "--group=0"];
  const child = spawn(
    "tar",
    [...args, "--numeric-owner", "--mode=u=rwX,go=rX", "-cf", "-", "-C", folder, ...names],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  const exited = exitOf(child);
  const body = /** @type {import("node:stream").Readable} */ (child.stdout);
  await dockerCall(socketPath, "PUT", `/containers/${container}/archive?path=${encodeURIComponent(target)}`, {
    body,
  });
  if ((await exited) !== 0) throw new CommandFailed("tar", "");
}

/** @param {string} socketPath @param {string} container */
async function run(socketPath, container) {
  await dockerCall(socketPath, "POST", `/containers/${container}/start`);
  const { StatusCode } = JSON.parse(await dockerCall(socketPath, "POST", `/containers/${container}/wait`));
  if (StatusCode === 0) return;
  const log = await dockerCall(socketPath, "GET", `/containers/${container}/logs?stdout=1&stderr=1&tail=20`);
  throw new CommandFailed(LAYER.script, log);
}

/**
 * @param {string} socketPath
 * @param {string} container
 * @param {import("./recipe.mjs").Recipe} recipe
 * @param {string} packagesDigest
 * @param {{ repo: string, tag: string }} name
 */
async function commit(socketPath, container, recipe, packagesDigest, name) {
  const query = new URLSearchParams({ container, ...name });
  // An image that only runs what it is told.
  for (const change of [...importChanges(recipe, packagesDigest), 'CMD ["true"]'])
    query.append("changes", change);
  await dockerCall(socketPath, "POST", `/commit?${query}`, json({}));
}
