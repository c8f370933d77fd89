/**
 * Builds the sandbox images that the engine lacks, and nothing else: for a machine where the node itself is an image.
 *
 *   node scripts/images.mjs [NAME…]     without names, those that every set-up builds
 */
import { CommandFailed } from "./setup/command.mjs";
import { chooseEngine } from "./setup/engine.mjs";
import { ensureImage } from "./setup/images.mjs";
import { neededRecipes, readRecipe } from "./setup/recipe.mjs";

try {
  const engine = chooseEngine();
  if ("problem" in engine) throw new Error(engine.problem);
  const asked = process.argv.slice(2);
  for (const recipe of asked.length > 0 ? asked.map((name) => readRecipe(name)) : neededRecipes()) {
    const built = await ensureImage(engine.socketPath, recipe);
    process.stdout.write(`${recipe.reference} ${built ? "built" : "is there"}\n`);
  }
} catch (cause) {
  process.stderr.write(`${cause instanceof Error ? cause.message : cause}\n`);
  if (cause instanceof CommandFailed) process.stderr.write(`${cause.output}\n`);
  process.exitCode = 1;
}
