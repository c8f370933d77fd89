/**
 * Sandbox images: built from Debian packages into whichever engine was found, by the digest of their recipe.
 *
 * Rules
 * - An image with the recipe's digest is never built again; two set-ups at once build it once (engine lock).
 * - The tar goes straight from mmdebstrap to the engine; an image from a build that failed is never kept.
 * - Older images of the same name stay for other checkouts, but only the newest few.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { closeSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { CommandFailed, exitOf, tail } from "./command.mjs";
import { dockerCall } from "./docker-http.mjs";
import { enginePaths, privateDir } from "./home.mjs";
import { withLock } from "./lock.mjs";
import { unmountBelow } from "./mounts.mjs";
import { importChanges, mmdebstrapArgs, parsePackageList } from "./recipe.mjs";

const KEEP_PER_IMAGE = 3;

/** @typedef {{ id: string, image: string, recipe: string, created: number }} Present */

/** Our images in an engine, newest first. @param {string} socketPath @returns {Promise<Present[]>} */
export async function presentImages(socketPath) {
  const filters = encodeURIComponent(JSON.stringify({ label: ["glovebox.recipe"] }));
  const list = JSON.parse(
    await dockerCall(socketPath, "GET", `/images/json?filters=${filters}`, { timeoutMs: 60_000 }),
  );
  /** @type {Present[]} */
  const images = [];
  for (const { Id, Labels, Created } of list) {
    images.push({
      id: Id,
      image: Labels["glovebox.image"],
      recipe: Labels["glovebox.recipe"],
      created: Created,
    });
  }
  return images.sort((a, b) => b.created - a.created);
}

/**
 * Builds the image unless it is there. Returns whether it built.
 * @param {string} socketPath
 * @param {import("./recipe.mjs").Recipe} recipe
 */
export async function ensureImage(socketPath, recipe, env = process.env) {
  const paths = enginePaths(env);
  privateDir(paths.home);
  return withLock(`${paths.lock}.image-${recipe.image}`, async () => {
    const present = await presentImages(socketPath);
    if (present.some((image) => image.recipe === recipe.digest)) return false;
    await build(socketPath, recipe, paths);
    await prune(socketPath, recipe.image);
    return true;
  });
}

/**
 * @param {string} socketPath
 * @param {import("./recipe.mjs").Recipe} recipe
 * @param {ReturnType<typeof enginePaths>} paths
 */
async function build(socketPath, recipe, paths) {
  const folder = join(paths.build, recipe.image);
  await unmountBelow(folder); // of a build that was killed; the folder holds /proc and /sys of its root
  rmSync(folder, { recursive: true, force: true });
  privateDir(folder);
  const packageList = join(folder, "packages.tsv");
  const log = join(paths.home, `build-${recipe.image}.log`);
  try {
    await debootstrapInto(socketPath, recipe, { folder, packageList, log });
    await record(socketPath, recipe, privateDir(paths.images), packageList);
  } finally {
    await unmountBelow(folder);
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Runs mmdebstrap and feeds its tar to the engine. The import begins with the first byte, which comes after all hooks
 * have run, and ends only if mmdebstrap ended well.
 * @param {string} socketPath
 * @param {import("./recipe.mjs").Recipe} recipe
 * @param {{ folder: string, packageList: string, log: string }} places
 */
async function debootstrapInto(socketPath, recipe, { folder, packageList, log }) {
  const errors = openSync(log, "w", 0o600);
  const child = spawn("mmdebstrap", mmdebstrapArgs(recipe, packageList), {
    stdio: ["ignore", "pipe", errors],
    env: { ...process.env, TMPDIR: folder, SOURCE_DATE_EPOCH: String(recipe.epoch), LC_ALL: "C.UTF-8" },
  });
  closeSync(errors);
  const stdout = /** @type {import("node:stream").Readable} */ (child.stdout);
  const exited = exitOf(child);
  const begun = once(stdout, "readable").then(() => stdout.readableLength > 0);
  if (!(await Promise.race([begun, exited.then(() => false)]))) {
    await exited;
    throw new CommandFailed("mmdebstrap", tail(log, 20));
  }
  const tar = stdout.pipe(new PassThrough(), { end: false });
  const ended = exited.then((code) => {
    if (code === 0) tar.end();
    else tar.destroy(new CommandFailed("mmdebstrap", tail(log, 20)));
  });
  const packagesDigest = createHash("sha256").update(readFileSync(packageList)).digest("hex");
  await Promise.all([importTar(socketPath, recipe, packagesDigest, tar), ended]);
}

/**
 * @param {string} socketPath
 * @param {import("./recipe.mjs").Recipe} recipe
 * @param {string} packagesDigest
 * @param {PassThrough} tar
 */
async function importTar(socketPath, recipe, packagesDigest, tar) {
  const query = new URLSearchParams({ fromSrc: "-", repo: `glovebox/${recipe.image}` });
  query.set("tag", recipe.digest.slice(0, 12));
  for (const change of importChanges(recipe, packagesDigest)) query.append("changes", change);
  const answer = await dockerCall(socketPath, "POST", `/images/create?${query}`, { body: tar });
  // The engine answers 200 before it has read the tar; what went wrong then stands in the last line.
  const last = JSON.parse(answer.trim().split("\n").at(-1) ?? "{}");
  if (last.error) throw new Error(`import of the image failed: ${last.error}`);
}

/**
 * Writes beside the engine what is in the image.
 * @param {string} socketPath
 * @param {import("./recipe.mjs").Recipe} recipe
 * @param {string} folder
 * @param {string} packageList
 */
async function record(socketPath, recipe, folder, packageList) {
  const inspected = JSON.parse(await dockerCall(socketPath, "GET", `/images/${recipe.reference}/json`));
  const facts = {
    image: recipe.image,
    reference: recipe.reference,
    recipe: recipe.digest,
    layers: inspected.RootFS.Layers,
    bytes: inspected.Size,
    packages: parsePackageList(readFileSync(packageList, "utf8")),
  };
  const file = join(folder, `${recipe.image}-${recipe.digest.slice(0, 12)}.json`);
  writeFileSync(file, `${JSON.stringify(facts, null, 2)}\n`, { mode: 0o600 });
}

/** Removes the oldest images of a name; the engine keeps those that a container uses. @param {string} socketPath @param {string} image */
async function prune(socketPath, image) {
  const ours = (await presentImages(socketPath)).filter((present) => present.image === image);
  for (const old of ours.slice(KEEP_PER_IMAGE)) {
    await dockerCall(socketPath, "DELETE", `/images/${old.id}`).catch(() => "in use");
  }
}
