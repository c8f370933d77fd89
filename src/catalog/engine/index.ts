/** The engine: DuckDB over versions and Views, in confined processes. What other rooms may use of it. */

export { createEngine, type EngineOptions } from "./engine.js";
export * from "./model.js";
