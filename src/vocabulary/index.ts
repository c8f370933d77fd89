export * from "./actor.js";
export * from "./errors.js";
export * from "./ids.js";
export * from "./quantities.js";
export * from "./time.js";
export * from "./words.js";
