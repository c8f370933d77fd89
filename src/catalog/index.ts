/** The catalogue: principals, datasets and their versions, grants, Views, budgets, and the engine over the data. */
export * from "./budgets/charges.js";
export * from "./budgets/schemas.js";
export * from "./catalog.js";
export { contentQuery, readOptionsOf } from "./datasets/content-query.js";
export { CONTENT_MEDIA } from "./datasets/media.js";
export { DATASET_CHANGES, DATASET_SIGHT, type Relation, type Sight } from "./datasets/policy.js";
export type { DatasetRow, VersionRow } from "./datasets/rows.js";
export {
  type AssessInput,
  type AssessmentView,
  assessInput,
  assessmentView,
  budgetInput,
  type ColumnView,
  type ContentInfo,
  columnView,
  contentInfo,
  DATASET_STATES,
  type DatasetInput,
  type DatasetPatch,
  type DatasetState,
  type DatasetView,
  datasetInput,
  datasetName,
  datasetPatch,
  datasetView,
  type VersionInfo,
  versionView,
} from "./datasets/schemas.js";
export { DATASET_TRANSITIONS, type DatasetAction, type DatasetTransition } from "./datasets/states.js";
export * from "./engine/index.js";
export { ACCESS_KINDS, GRANTABLE, GRANTEE_ROLES } from "./grants/policy.js";
export type { GrantRow } from "./grants/rows.js";
export * from "./grants/schemas.js";
export { GRANT_TRANSITIONS, type GrantAction, type GrantTransition } from "./grants/states.js";
export type { NewFact } from "./memory/rows.js";
export type { HeldTable, Memory } from "./memory/service.js";
export * from "./principals/schemas.js";
export {
  type NoisyQueryInput,
  type QueryAnswer,
  type QueryQuote,
  queryAnswer,
  queryInput,
  queryQuote,
} from "./queries/schemas.js";
export {
  type Comparison,
  comparison,
  comparisonQuery,
  type SyntheticAnswer,
  type SyntheticInput,
  type SyntheticQuote,
  syntheticAnswer,
  syntheticInput,
  syntheticQuote,
} from "./synthetic/schemas.js";
export { CHECKSUMS, type Checksum } from "./uploads/arriving.js";
export * from "./uploads/schemas.js";
export { UPLOAD_TRANSITIONS, type UploadTransition } from "./uploads/states.js";
