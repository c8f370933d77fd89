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
import { closeSync, existsSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import { CommandFailed, exitOf, tail } from "./command.mjs";
import { dockerCall } from "./docker-http.mjs";
import { enginePaths, privateDir } from "./home.mjs";
import { layOn } from "./layer.mjs";
import { withLock } from "./lock.mjs";
import { unmountBelow } from "./mounts.mjs";
import { baseOf, importChanges, mmdebstrapArgs, parsePackageList } from "./recipe.mjs";

/** Of each version two: with its layer, and what that lies on. */
const KEEP_PER_IMAGE = 6;

/** @typedef {{ id: string, image: string, recipe: string, packages: string, created: number }} Present */

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
      packages: Labels["glovebox.packages"],
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
    const base = baseOf(recipe);
    if (!present.some((image) => image.recipe === base.digest)) await build(socketPath, base, paths);
    if (base.digest !== recipe.digest) await layer(socketPath, recipe, paths);
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
  await inBuildFolder(paths, recipe.image, async (places) => {
    const { tar, ended } = await rootTar(recipe, places);
    const packages = readFileSync(places.packageList);
    const packagesDigest = createHash("sha256").update(packages).digest("hex");
    await Promise.all([importTar(socketPath, recipe, packagesDigest, tar), ended]);
    await record(socketPath, recipe, privateDir(paths.images), packages.toString("utf8"));
  });
}

/** Lays the recipe's layer on what it lies on. @param {string} socketPath @param {import("./recipe.mjs").Recipe} recipe @param {ReturnType<typeof enginePaths>} paths */
async function layer(socketPath, recipe, paths) {
  const { base, facts } = await baseIn(socketPath, recipe);
  const [repo = "", tag = ""] = recipe.reference.split(":");
  await layOn(socketPath, recipe, base, { repo, tag });
  await recordFacts(socketPath, recipe, privateDir(paths.images), facts.packages);
}

/** @param {string} socketPath @param {import("./recipe.mjs").Recipe} recipe */
async function baseIn(socketPath, recipe) {
  const base = (await presentImages(socketPath)).find(({ recipe: digest }) => digest === recipe.base);
  const facts = await imageFacts(socketPath, baseOf(recipe));
  if (!base || !facts) throw new Error(`${baseOf(recipe).reference} is gone`);
  return { base, facts };
}

/** The layer's name, made once more on the engine's own base and not kept. @param {string} socketPath @param {import("./recipe.mjs").Recipe} recipe @returns {Promise<string[]>} */
export async function layersAgain(socketPath, recipe) {
  if (recipe.base === recipe.digest) return [];
  const { base, facts } = await baseIn(socketPath, recipe);
  const name = { repo: `glovebox/${recipe.image}-again`, tag: recipe.digest.slice(0, 12) };
  await layOn(socketPath, recipe, base, name);
  const made = `${name.repo}:${name.tag}`;
  const { RootFS } = JSON.parse(await dockerCall(socketPath, "GET", `/images/${made}/json`));
  await dockerCall(socketPath, "DELETE", `/images/${made}?force=true`);
  return RootFS.Layers.slice(facts.layers.length);
}

/**
 * Builds the image once more and keeps nothing of it but what it would be: an engine's layer is named by the SHA-256 of
 * its tar. The same packages must give the same layer. A layer on top of it is another question: `layersAgain`.
 * @param {import("./recipe.mjs").Recipe} recipe
 * @returns {Promise<{ layer: string, packages: Record<string, string> }>}
 */
export async function buildAgain(recipe, env = process.env) {
  const paths = enginePaths(env);
  privateDir(paths.home);
  const name = `${recipe.image}-again`;
  return withLock(`${paths.lock}.image-${name}`, () =>
    inBuildFolder(paths, name, async (places) => {
      const { tar, ended } = await rootTar(recipe, places);
      const hash = createHash("sha256");
      for await (const piece of tar) hash.update(piece);
      await ended;
      const packages = parsePackageList(readFileSync(places.packageList, "utf8"));
      return { layer: `sha256:${hash.digest("hex")}`, packages };
    }),
  );
}

/** @typedef {{ folder: string, packageList: string, log: string }} Places */

/**
 * @template T
 * @param {ReturnType<typeof enginePaths>} paths
 * @param {string} name
 * @param {(places: Places) => Promise<T>} work
 * @returns {Promise<T>}
 */
async function inBuildFolder(paths, name, work) {
  const folder = join(paths.build, name);
  await unmountBelow(folder); // of a build that was killed; the folder holds /proc and /sys of its root
  rmSync(folder, { recursive: true, force: true });
  privateDir(folder);
  try {
    return await work({
      folder,
      packageList: join(folder, "packages.tsv"),
      log: join(paths.home, `build-${name}.log`),
    });
  } finally {
    await unmountBelow(folder);
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Runs mmdebstrap. Its tar begins once all hooks have run, and comes to its end only if mmdebstrap ended well; `ended`
 * says how that was.
 * @param {import("./recipe.mjs").Recipe} recipe
 * @param {Places} places
 */
async function rootTar(recipe, { folder, packageList, log }) {
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
  return { tar, ended };
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
 * @param {string} packages
 */
const record = (socketPath, recipe, folder, packages) =>
  recordFacts(socketPath, recipe, folder, parsePackageList(packages));

/**
 * @param {string} socketPath
 * @param {import("./recipe.mjs").Recipe} recipe
 * @param {string} folder
 * @param {Record<string, string>} packages
 */
async function recordFacts(socketPath, recipe, folder, packages) {
  const inspected = JSON.parse(await dockerCall(socketPath, "GET", `/images/${recipe.reference}/json`));
  const facts = {
    image: recipe.image,
    reference: recipe.reference,
    recipe: recipe.digest,
    layers: inspected.RootFS.Layers,
    bytes: inspected.Size,
    packages,
  };
  const file = recordFile(folder, recipe);
  writeFileSync(file, `${JSON.stringify(facts, null, 2)}\n`, { mode: 0o600 });
}

/** @param {string} folder @param {import("./recipe.mjs").Recipe} recipe */
const recordFile = (folder, recipe) => join(folder, `${recipe.image}-${recipe.digest.slice(0, 12)}.json`);

/**
 * @typedef {object} ImageFacts
 * @property {string} image
 * @property {string} reference
 * @property {string} recipe
 * @property {string[]} layers
 * @property {Record<string, string>} packages   name to version, of all that is installed in it
 */

/**
 * What is in an image that the engine has, as was written down when it was built here; of one that was built elsewhere,
 * as the image itself says. Undefined when the engine has no image of this recipe.
 * @param {string} socketPath
 * @param {import("./recipe.mjs").Recipe} recipe
 * @returns {Promise<ImageFacts | undefined>}
 */
export async function imageFacts(socketPath, recipe, env = process.env) {
  const present = (await presentImages(socketPath)).find(({ recipe: digest }) => digest === recipe.digest);
  if (!present) return undefined;
  const inspected = JSON.parse(await dockerCall(socketPath, "GET", `/images/${present.id}/json`));
  /** @type {string[]} */
  const layers = inspected.RootFS.Layers;
  const { image, reference, digest } = recipe;
  const file = recordFile(enginePaths(env).images, recipe);
  const written = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined;
  const isOfThis = written?.layers?.join() === layers.join();
  const packages = isOfThis ? written.packages : await packagesInside(socketPath, present.id);
  return { image, reference, recipe: digest, layers, packages };
}

/** @param {string} socketPath @param {string} id @returns {Promise<Record<string, string>>} */
async function packagesInside(socketPath, id) {
  const spec = Readable.from([JSON.stringify({ Image: id, Cmd: ["none"], NetworkDisabled: true })]);
  const made = JSON.parse(
    await dockerCall(socketPath, "POST", "/containers/create", { body: spec, type: "application/json" }),
  );
  try {
    const path = encodeURIComponent("/usr/share/glovebox/packages.tsv");
    const tar = await dockerCall(socketPath, "GET", `/containers/${made.Id}/archive?path=${path}`);
    // One file of ASCII: a header of 512 bytes that says how long it is, then the file.
    const bytes = Number.parseInt(tar.slice(124, 135), 8);
    return parsePackageList(tar.slice(512, 512 + bytes));
  } finally {
    await dockerCall(socketPath, "DELETE", `/containers/${made.Id}?force=true`);
  }
}

/** Removes the oldest images of a name; the engine keeps those that a container uses. @param {string} socketPath @param {string} image */
async function prune(socketPath, image) {
  const ours = (await presentImages(socketPath)).filter((present) => present.image === image);
  for (const old of ours.slice(KEEP_PER_IMAGE)) {
    await dockerCall(socketPath, "DELETE", `/images/${old.id}`).catch(() => "in use");
  }
}
