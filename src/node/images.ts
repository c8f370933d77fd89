/** Which sandbox images jobs may name on this node: those that its engine has when it starts. */
import { createImages, findEngine } from "../sandbox/index.js";

/** Undefined where there is no engine to ask, or none of our images in it: then jobs wait for a worker that has them. */
export async function builtImages(): Promise<string[] | undefined> {
  const engine = findEngine();
  if (!engine) return undefined;
  const names = await createImages(engine)
    .list()
    .then((images) => images.map(({ name }) => name))
    .catch(() => []);
  return names.length > 0 ? names.sort() : undefined;
}
