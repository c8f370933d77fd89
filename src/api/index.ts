/** The HTTP API: routes as declarations, the edge that serves them, and what is generated from them. */
export { createApi, errorMapper } from "./app.js";
export type { ApiDeps, ApiSettings, NodeGauge } from "./deps.js";
export { apiDocument } from "./document.js";
export { type OpenApiDocument, openApi } from "./openapi.js";
export { PERMISSIONS, type Permission, permissionsOf, permits } from "./permissions.js";
export { type Language, languageOf, type Problem, problemSchema } from "./problem.js";
export { DEFAULT_RATE_LIMITS, type RateLimits } from "./rate-limit.js";
export { apiReferences } from "./reference/index.js";
export { ROUTES } from "./routes/index.js";
export { createHttpServer, listen, stopServer, type TlsFiles } from "./server.js";
export { VERSION } from "./version.js";
