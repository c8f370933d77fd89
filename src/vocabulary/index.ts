export * from "./actor.js";
export * from "./errors.js";
export * from "./ids.js";
export * from "./input.js";
export * from "./paging.js";
export * from "./quantities.js";
export * from "./time.js";
export * from "./words.js";
