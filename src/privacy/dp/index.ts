/** Differential privacy: exact noise, and the mathematics of what it costs. */
export * from "./accounting/index.js";
export * from "./noise/index.js";
export * from "./shares/index.js";
export * from "./sql/index.js";
export * from "./synth/index.js";
