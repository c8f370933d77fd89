/** Exact noise over whole numbers. */
export type { Noise } from "./noise.js";
export { createNoise } from "./noise.js";
export type { RandomBytes } from "./random.js";
