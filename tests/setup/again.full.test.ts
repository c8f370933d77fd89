/** The same recipe and the same packages give the same layer: an auditor can build what a release names. */
import { beforeAll, describe, expect, test } from "@jest/globals";
import { buildAgain, type ImageFacts, imageFacts, layersAgain } from "../../scripts/setup/images.mjs";
import { packageChanges, readRecipe } from "../../scripts/setup/recipe.mjs";
import { builtImage } from "../harness/in-image.js";
import { sharedEngine } from "../harness/index.js";

const MINUTES = 60_000;

describe.each(["python", "r"] as const)("the image %s", (name) => {
  let built: ImageFacts;
  beforeAll(async () => {
    await builtImage(name);
    const { socketPath } = await sharedEngine();
    built = (await imageFacts(socketPath, readRecipe(name)))!;
  });

  test(
    "built again is the same layer",
    async () => {
      let before = { layer: built.layers[0]!, packages: built.packages };
      let again = await buildAgain(readRecipe(name));
      // Debian may have published other versions since the engine's image was built; then two of now are compared.
      if (packageChanges(before.packages, again.packages).length > 0) {
        before = again;
        again = await buildAgain(readRecipe(name));
      }
      expect(packageChanges(before.packages, again.packages)).toEqual([]);
      expect(again.layer).toBe(before.layer);
    },
    30 * MINUTES,
  );

  test("has on top of it the same layer of the helper library", async () => {
    const { socketPath } = await sharedEngine();
    expect(await layersAgain(socketPath, readRecipe(name))).toEqual(built.layers.slice(1));
  });
});
