/** The engine: DuckDB over versions and Views, in confined processes. What other rooms may use of it. */
export * from "./model.js";
