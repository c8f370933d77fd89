/**
 * Makes what the checks found missing: Debian packages first, then npm packages and build beside engine and images.
 * A step that fails does not stop the other side; its error is kept under the check's name.
 */
import { build, buildProblem } from "./build.mjs";
import { canInstall, installPackages } from "./debian.mjs";
import { dependenciesProblem, installDependencies } from "./dependencies.mjs";
import { pingEngine } from "./docker-http.mjs";
import { chooseEngine, startPrivateEngine } from "./engine.mjs";
import { ensureImage, presentImages } from "./images.mjs";
import { ensureGuest, lookMicrovm } from "./microvm.mjs";
import { neededRecipes, readRecipe } from "./recipe.mjs";
import { mendUserns } from "./userns.mjs";

/** @typedef {import("./checks.mjs").CheckResult} CheckResult */
/** @typedef {import("./progress.mjs").Progress} Progress */

/**
 * @param {Map<string, CheckResult>} found what the checks said
 * @param {Set<string>} needed only these are mended, with what they stand on
 * @param {Progress} progress
 * @returns {Promise<Map<string, Error>>} what went wrong, by check
 */
export async function mend(found, needed, progress) {
  /** @type {Map<string, Error>} */
  const errors = new Map();
  /** @param {string} check @param {() => Promise<void>} work */
  const attempt = async (check, work) => {
    try {
      await work();
    } catch (cause) {
      errors.set(check, cause instanceof Error ? cause : new Error(String(cause)));
    }
  };
  const packages = missingPackages(found, needed);
  const allowed = canInstall();
  if (packages.length > 0 && allowed.can) {
    await attempt("packages", () =>
      progress.step("Debian packages", packages.join(", "), () => installPackages(packages)),
    );
  }
  const npmSide = async () => {
    if (needed.has("dependencies")) await attempt("dependencies", () => mendDependencies(progress));
    if (needed.has("build") && !errors.has("dependencies")) await attempt("build", () => mendBuild(progress));
  };
  const engineSide = async () => {
    const recipes = wantedRecipes(needed);
    if (needed.has("docker") || needed.has("userns") || recipes.length > 0)
      await attempt("docker", () => mendEngine(progress));
    if (recipes.length > 0 && !errors.has("docker"))
      await attempt("images", () => mendImages(recipes, progress));
    if (needed.has("userns") && found.get("userns")?.ok === false && !errors.has("docker"))
      await attempt("userns", () => mendUserns(progress));
  };
  const machineSide = async () => {
    if (needed.has("microvm")) await attempt("microvm", () => mendMicrovm(progress));
  };
  await Promise.all([npmSide(), engineSide(), machineSide()]);
  return errors;
}

/**
 * Debian packages that failing checks name, of those needed and of those they stand on.
 * @param {Map<string, CheckResult>} found
 * @param {Set<string>} needed
 */
export function missingPackages(found, needed) {
  const wanted = new Set(needed);
  if (needed.has("dependencies")) wanted.add("compiler");
  if (needed.has("images") || needed.has("image-r") || needsLevel(needed))
    wanted.add("mmdebstrap").add("docker");
  const names = [...found].flatMap(([name, { ok, packages }]) =>
    !ok && wanted.has(name) ? (packages ?? []) : [],
  );
  return [...new Set(names)];
}

/** @param {Progress} progress */
async function mendDependencies(progress) {
  const problem = await dependenciesProblem();
  if (problem === undefined) return;
  await progress.step(
    "npm packages",
    `${problem}; about 2 minutes, most of it compiling better-sqlite3`,
    () => installDependencies(progress.note),
  );
}

/** @param {Progress} progress */
async function mendBuild(progress) {
  const problem = buildProblem();
  if (problem !== undefined) await progress.step("build", problem, () => build());
}

/** Starts the private engine if no other was found and one can run here. @param {Progress} progress */
async function mendEngine(progress) {
  const choice = chooseEngine();
  if ("problem" in choice || choice.source !== "private") return;
  if ((await pingEngine(choice.socketPath)).ok) return;
  if (process.platform !== "linux" || process.getuid?.() !== 0) return;
  await progress.step("container engine", "a private dockerd of this user", async () => {
    await startPrivateEngine();
  });
}

/** Levels that are set up on request; each runs the images of the first engine. */
const LEVELS = ["userns", "gvisor", "microvm"];

/** @param {Set<string>} needed */
const needsLevel = (needed) => LEVELS.some((level) => needed.has(level));

/** Debian's kernel for guests, and the init that it starts. @param {Progress} progress */
async function mendMicrovm(progress) {
  const { ok, packages } = await lookMicrovm();
  if (ok || packages !== undefined) return;
  await progress.step("guest of microvm", "Debian's cloud kernel, about 30 MB, and its init", async () => {
    await ensureGuest();
  });
}

/** @param {Set<string>} needed */
const wantedRecipes = (needed) => [
  ...(needed.has("images") || needsLevel(needed) ? neededRecipes() : []),
  ...(needed.has("image-r") ? [readRecipe("r")] : []),
];

/**
 * @param {import("./recipe.mjs").Recipe[]} recipes
 * @param {Progress} progress
 */
async function mendImages(recipes, progress) {
  const choice = chooseEngine();
  if ("problem" in choice || !(await pingEngine(choice.socketPath)).ok) return;
  const present = await presentImages(choice.socketPath);
  for (const recipe of recipes) {
    if (present.some((image) => image.recipe === recipe.digest)) continue;
    if (process.getuid?.() !== 0) return;
    await progress.step(`image ${recipe.image}`, "built from Debian packages, about 2 minutes", async () => {
      await ensureImage(choice.socketPath, recipe);
    });
  }
}
