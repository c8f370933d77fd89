/** Disclosure control of outputs: rules, canonicalisers, and the checker that applies them to hostile files. */
export type { Canonical, ScanText } from "./canonical.js";
export type { Checker, CheckerCaps, CheckInput, SpawnChecker } from "./checker/checker.js";
export { CHECKER_ENTRY, createChecker, DEFAULT_CAPS } from "./checker/checker.js";
export * from "./facts.js";
export * from "./finding.js";
export type { MediaType } from "./media.js";
export { MEDIA_TYPES, mediaTypeOf } from "./media.js";
export * from "./owners-policy.js";
export * from "./policy.js";
export { rebuild } from "./rebuild.js";
export * from "./recompute/index.js";
export { disclosureReferences } from "./reference.js";
export { compareTables, judgeOtherFile } from "./rules/differs.js";
export type { RuleDefinition } from "./rules/index.js";
export { RULES } from "./rules/index.js";
export { judgeNotRecomputed } from "./rules/not-recomputed.js";
export type { RawValueHit } from "./rules/raw-values.js";
export { rawValueFinding } from "./rules/raw-values.js";
