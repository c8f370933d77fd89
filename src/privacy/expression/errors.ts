/** What is wrong with an expression is said by its place in what was written; names and numbers only, no data. */
import { GloveboxError, invalidInput } from "../../vocabulary/index.js";

/** `character 12` where the text is known, else the path in the JSON. */
export const placeOf = (at: number | undefined, path: string): string =>
  at === undefined ? path : `character ${at}`;

/** Well-formed, but with a meaning that nothing here has; `nearest` is the form that has. */
export function unsupported(place: string, what: string, nearest: string): GloveboxError {
  const message = `${what} is not supported; ${nearest}`;
  return new GloveboxError("query_unsupported", {
    detail: `${place}: ${message}`,
    errors: [{ path: place, message }],
  });
}

export const wrong = (place: string, message: string): GloveboxError => invalidInput(place, message);
