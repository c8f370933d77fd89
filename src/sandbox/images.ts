/**
 * The sandbox images in an engine's store: found by the labels that the set-up puts on them, named in runs by their
 * immutable id and recorded by their layers. Never by a tag, which moves, and never pulled from anywhere.
 */
import Docker from "dockerode";
import { GloveboxError } from "../vocabulary/index.js";
import type { ImageRef } from "./executor.js";

const NAME_LABEL = "glovebox.image";
const RECIPE_LABEL = "glovebox.recipe";
const PACKAGES_LABEL = "glovebox.packages";

export interface Images {
  /** The newest image of that name, or the one of that recipe. Throws `invalid_input` when there is none. */
  resolve(name: string, recipe?: string): Promise<ImageRef>;
  /** The newest image of each name. */
  list(): Promise<ImageRef[]>;
}

interface Listed {
  id: string;
  name: string;
  recipe: string;
  packages?: string;
}

async function listed(docker: Docker): Promise<Listed[]> {
  const images = await docker.listImages({ filters: { label: [RECIPE_LABEL] } }).catch((cause: unknown) => {
    throw new GloveboxError("engine_unavailable", { detail: "the container engine does not answer" }, cause);
  });
  return images
    .sort((a, b) => b.Created - a.Created)
    .flatMap(({ Id, Labels }) => {
      const [name, recipe] = [Labels?.[NAME_LABEL], Labels?.[RECIPE_LABEL]];
      return name && recipe ? [{ id: Id, name, recipe, packages: Labels?.[PACKAGES_LABEL] }] : [];
    });
}

async function reference(docker: Docker, image: Listed): Promise<ImageRef> {
  const { RootFS } = await docker.getImage(image.id).inspect();
  return {
    name: image.name,
    reference: image.id,
    layers: RootFS.Layers ?? [],
    recipe: image.recipe,
    packages: image.packages,
  };
}

export function createImages(options: { socketPath: string }): Images {
  const docker = new Docker({ socketPath: options.socketPath });
  return {
    resolve: async (name, recipe) => {
      const all = await listed(docker);
      const found = all.find(
        (image) => image.name === name && (recipe === undefined || image.recipe === recipe),
      );
      if (found) return reference(docker, found);
      const names = [...new Set(all.map((image) => image.name))].join(", ");
      throw new GloveboxError("invalid_input", {
        detail: `image: this node has no image of that name; it has: ${names || "none"}`,
        errors: [{ path: "image", message: `must be one of: ${names || "none is built yet"}` }],
      });
    },
    list: async () => {
      const all = await listed(docker);
      const newest = all.filter((image, i) => all.findIndex((other) => other.name === image.name) === i);
      return Promise.all(newest.map((image) => reference(docker, image)));
    },
  };
}
