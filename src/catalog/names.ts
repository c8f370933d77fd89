/** What may be the name of a principal or a dataset, beyond the letters that its schema allows. */
import { invalidInput } from "../vocabulary/index.js";

/** @throws invalid_input for a name that could be taken for an id, or for another name. */
export function refuseName(name: string): void {
  if (name.normalize("NFKC") !== name)
    throw invalidInput("name", "uses letters that look like others; write it in their plain form");
  if (/^[a-z]{3}_/i.test(name))
    throw invalidInput("name", "must not look like an id (three letters and an underscore)");
}
