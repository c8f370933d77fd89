/**
 * What an image is made from, and the commands that follow from it. Pure but for reading the recipe's folder.
 * sandbox-images/README.md describes the files.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { digestOf, folderDigest } from "./digest.mjs";
import { packageRoot } from "./home.mjs";

export const RECIPES = join(packageRoot, "sandbox-images");

/** What is laid on top of an image that is built already, and what is then run in it, as root and without a network. */
export const LAYER = { files: "layer", script: "layer.sh" };

/**
 * @typedef {object} Recipe
 * @property {string} image       name of the image, as jobs ask for it
 * @property {string} folder
 * @property {string} digest      SHA-256 of the folder and of the arguments of the build
 * @property {string} base        the same of the recipe without its layer; the digest where it has none
 * @property {string} reference   tag in the engine
 * @property {string} suite       Debian release
 * @property {string[]} packages
 * @property {string[]} exclude   paths that dpkg leaves out
 * @property {Record<string, string>} env
 * @property {number} epoch       time stamp of what the build makes, in seconds
 * @property {boolean} optional   built only where someone asks for it
 */

/** Names of all images that have a recipe. @returns {string[]} */
export function imageNames(root = RECIPES) {
  return readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(root, entry.name, "recipe.json")))
    .map((entry) => entry.name)
    .sort();
}

/** @param {string} image @returns {Recipe} */
export function readRecipe(image, root = RECIPES) {
  const folder = join(root, image);
  const settings = JSON.parse(readFileSync(join(folder, "recipe.json"), "utf8"));
  const recipe = {
    image,
    folder,
    suite: settings.suite,
    packages: parsePackages(readFileSync(join(folder, "packages.txt"), "utf8")),
    exclude: settings.exclude,
    env: settings.env,
    epoch: settings.source_date_epoch,
    optional: settings.optional === true,
  };
  const base = baseDigest(recipe);
  const digest = existsSync(join(folder, LAYER.files)) ? layerDigest(base, folder) : base;
  return { ...recipe, base, digest, reference: referenceOf(image, digest) };
}

/** @param {string} image @param {string} digest */
const referenceOf = (image, digest) => `glovebox/${image}:${digest.slice(0, 12)}`;

/** The recipe of what a layer is laid on. @param {Recipe} recipe @returns {Recipe} */
export const baseOf = (recipe) => ({
  ...recipe,
  digest: recipe.base,
  reference: referenceOf(recipe.image, recipe.base),
});

/** @param {string} file */
const isOfLayer = (file) => file === LAYER.script || file.startsWith(`${LAYER.files}/`);

/** Of the folder and of how it is built, wherever the folder lies. @param {Omit<Recipe, "base" | "digest" | "reference">} recipe */
function baseDigest(recipe) {
  const hasFiles = existsSync(join(recipe.folder, "files"));
  const args = mmdebstrapArgs({ ...recipe, folder: "/recipe" }, "/packages.tsv", hasFiles);
  return digestOf([
    { name: "folder", content: folderDigest(recipe.folder, (file) => !isOfLayer(file)) },
    { name: "build", content: JSON.stringify(args) },
  ]);
}

/** @param {string} base @param {string} folder */
const layerDigest = (base, folder) =>
  digestOf([
    { name: "base", content: base },
    { name: "laid as in version", content: "1" },
    { name: "layer", content: folderDigest(folder, isOfLayer) },
  ]);

/** The images that every set-up builds. @returns {Recipe[]} */
export function neededRecipes(root = RECIPES) {
  return imageNames(root)
    .map((name) => readRecipe(name, root))
    .filter(({ optional }) => !optional);
}

/** Package names of a list with comments. @param {string} text */
export function parsePackages(text) {
  const lines = text.split("\n").map((line) => line.replace(/#.*/, "").trim());
  return lines.filter((line) => line !== "");
}

/**
 * Arguments of mmdebstrap; it writes the image's root as a tar to stdout, and the package list to `packageList`.
 * @param {Omit<Recipe, "base" | "digest" | "reference">} recipe
 * @param {string} packageList
 * @param {boolean} hasFiles  whether the recipe has files to copy
 */
export function mmdebstrapArgs(recipe, packageList, hasFiles = existsSync(join(recipe.folder, "files"))) {
  const args = [
    "--mode=root",
    "--variant=essential",
    "--format=tar",
    '--aptopt=APT::Sandbox::User "root"',
    `--include=${recipe.packages.join(",")}`,
  ];
  for (const path of recipe.exclude) args.push(`--dpkgopt=path-exclude=${path}`);
  // The hooks are shell text for mmdebstrap; "$1" in them is the image's root.
  const files = join(recipe.folder, "files");
  if (hasFiles) {
    args.push(`--customize-hook=cp -R --no-preserve=ownership ${shellQuote(`${files}/.`)} "$1"`);
  }
  args.push(
    `--customize-hook=mkdir -p "$1/usr/share/glovebox" && chroot "$1" dpkg-query -W > "$1/usr/share/glovebox/packages.tsv" && cp "$1/usr/share/glovebox/packages.tsv" ${shellQuote(packageList)}`,
    `--customize-hook=sh ${shellQuote(join(recipe.folder, "finish.sh"))} "$1"`,
    recipe.suite,
    "-",
  );
  return args;
}

/**
 * Changes that `docker import` applies: labels, environment, user and folder of a run.
 * @param {Recipe} recipe
 * @param {string} packagesDigest
 */
export function importChanges(recipe, packagesDigest) {
  const env = Object.entries(recipe.env).map(([name, value]) => `ENV ${name}=${JSON.stringify(value)}`);
  return [
    `LABEL glovebox.image=${recipe.image}`,
    `LABEL glovebox.recipe=${recipe.digest}`,
    `LABEL glovebox.packages=${packagesDigest}`,
    "USER 65534:65534",
    "WORKDIR /work",
    ...env,
  ];
}

/** The list that dpkg-query prints, as name → version. @param {string} text @returns {Record<string, string>} */
export function parsePackageList(text) {
  const rows = text
    .trim()
    .split("\n")
    .map((line) => line.split("\t"));
  return Object.fromEntries(rows.map(([name = "", version = ""]) => [name, version]));
}

/**
 * The versions of some packages; a list of installed ones may name an architecture after a colon.
 * @param {string[]} names
 * @param {Record<string, string>} installed
 */
export function versionsOf(names, installed) {
  /** @type {Record<string, string>} */
  const found = {};
  for (const [name, version] of Object.entries(installed)) {
    const plain = name.split(":")[0] ?? name;
    if (names.includes(plain)) found[plain] = version;
  }
  return found;
}

/**
 * Packages that differ between two lists, a line each; empty when they are the same.
 * @param {Record<string, string>} before
 * @param {Record<string, string>} now
 */
export function packageChanges(before, now) {
  const names = [...new Set([...Object.keys(before), ...Object.keys(now)])].sort();
  return names
    .filter((name) => before[name] !== now[name])
    .map((name) => `${name} ${before[name] ?? "(none)"} → ${now[name] ?? "(none)"}`);
}

/** @param {string} text */
function shellQuote(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
