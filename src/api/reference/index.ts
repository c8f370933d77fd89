/** References that are generated from the tables in code; CI holds the committed files against them. */
import { apiDocument } from "../document.js";
import { statesPage } from "./states.js";
import { apiPage, errorsPage, permissionsPage } from "./tables.js";

/** Path below the package and what it must hold. */
export function apiReferences(): Record<string, string> {
  return {
    "openapi.json": `${JSON.stringify(apiDocument(), null, 2)}\n`,
    "docs/reference/states.md": statesPage(),
    "docs/reference/permissions.md": permissionsPage(),
    "docs/reference/errors.md": errorsPage(),
    "docs/reference/api.md": apiPage(),
  };
}
