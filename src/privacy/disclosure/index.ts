/** Disclosure control of outputs: rules, canonicalisers, and the checker that applies them to hostile files. */
export type { Canonical, ScanText } from "./canonical.js";
export type { Checker, CheckInput, SpawnChecker } from "./checker/checker.js";
export * from "./facts.js";
export * from "./finding.js";
export * from "./policy.js";
