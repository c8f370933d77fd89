/** Builds the sandbox images that the engine lacks, and nothing else: for a machine where the node itself is an image. */
import { CommandFailed } from "./setup/command.mjs";
import { chooseEngine } from "./setup/engine.mjs";
import { ensureImage } from "./setup/images.mjs";
import { imageNames, readRecipe } from "./setup/recipe.mjs";

try {
  const engine = chooseEngine();
  if ("problem" in engine) throw new Error(engine.problem);
  for (const name of imageNames()) {
    const recipe = readRecipe(name);
    const built = await ensureImage(engine.socketPath, recipe);
    process.stdout.write(`${recipe.reference} ${built ? "built" : "is there"}\n`);
  }
} catch (cause) {
  process.stderr.write(`${cause instanceof Error ? cause.message : cause}\n`);
  if (cause instanceof CommandFailed) process.stderr.write(`${cause.output}\n`);
  process.exitCode = 1;
}
