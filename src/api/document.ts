/** The OpenAPI document of all routes, made once. Routes refer to it by function, for it is made from them. */
import { type OpenApiDocument, openApi } from "./openapi.js";
import { ROUTES } from "./routes/index.js";
import { VERSION } from "./version.js";

let made: OpenApiDocument | undefined;

export function apiDocument(): OpenApiDocument {
  made ??= openApi(ROUTES, VERSION);
  return made;
}
