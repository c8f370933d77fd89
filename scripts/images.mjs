/**
 * Builds the sandbox images that the engine lacks, and nothing else: for a machine where the node itself is an image.
 * With --again it builds nothing that stays: it shows that a recipe gives the layer that the engine's image has.
 *
 *   node scripts/images.mjs [--again] [NAME…]     without names, those that every set-up builds
 *
 * --again ends with 1 when the same packages gave another layer. Where Debian has published other versions since, it
 * names them: another layer is then right.
 */
import { parseArgs } from "node:util";
import { CommandFailed } from "./setup/command.mjs";
import { chooseEngine } from "./setup/engine.mjs";
import { buildAgain, ensureImage, imageFacts, layersAgain } from "./setup/images.mjs";
import { neededRecipes, packageChanges, readRecipe } from "./setup/recipe.mjs";

const say = (/** @type {string} */ line) => process.stdout.write(`${line}\n`);

/** @param {string} socketPath @param {import("./setup/recipe.mjs").Recipe} recipe */
async function ensure(socketPath, recipe) {
  const built = await ensureImage(socketPath, recipe);
  say(`${recipe.reference} ${built ? "built" : "is there"}`);
}

/** @param {string} socketPath @param {import("./setup/recipe.mjs").Recipe} recipe */
async function again(socketPath, recipe) {
  const there = await imageFacts(socketPath, recipe);
  if (!there) throw new Error(`${recipe.reference} is not built: there is nothing to compare with`);
  const { layer, packages } = await buildAgain(recipe);
  const changes = packageChanges(there.packages, packages);
  const layers = [layer, ...(await layersAgain(socketPath, recipe))];
  const same = there.layers.join() === layers.join();
  say(`${recipe.reference} again: ${layers.join(" ")}, ${same ? "the same" : "not the same"}`);
  for (const change of changes) say(`  ${change}`);
  if (!same && changes.length === 0) {
    say("  from the same packages: the recipe does not give the same image twice");
    process.exitCode = 1;
  }
}

try {
  const engine = chooseEngine();
  if ("problem" in engine) throw new Error(engine.problem);
  const { values, positionals } = parseArgs({
    options: { again: { type: "boolean" } },
    allowPositionals: true,
  });
  const recipes = positionals.length > 0 ? positionals.map((name) => readRecipe(name)) : neededRecipes();
  for (const recipe of recipes) await (values.again ? again : ensure)(engine.socketPath, recipe);
} catch (cause) {
  process.stderr.write(`${cause instanceof Error ? cause.message : cause}\n`);
  if (cause instanceof CommandFailed) process.stderr.write(`${cause.output}\n`);
  process.exitCode = 1;
}
