/** The machine's container engine and its images, which all tests share; the set-up makes both. */
import { pingEngine } from "../../scripts/setup/docker-http.mjs";
import { chooseEngine } from "../../scripts/setup/engine.mjs";
import { presentImages } from "../../scripts/setup/images.mjs";
import { readRecipe } from "../../scripts/setup/recipe.mjs";

export interface SharedEngine {
  socketPath: string;
  /** Reference of the image `python` as its recipe now is. */
  python: string;
}

/** The engine with the image `python` in it; throws what to do if either is not there. */
export async function sharedEngine(): Promise<SharedEngine> {
  const choice = chooseEngine();
  if ("problem" in choice) throw new Error(choice.problem);
  const { socketPath } = choice;
  const engine = await pingEngine(socketPath);
  if (!engine.ok)
    throw new Error(`no container engine at ${socketPath} (${engine.error}); run: npm run setup`);
  const { digest, reference } = readRecipe("python");
  const present = await presentImages(socketPath);
  if (!present.some(({ recipe }) => recipe === digest)) {
    throw new Error(`the image ${reference} is not built; run: npm run setup`);
  }
  return { socketPath, python: reference };
}
