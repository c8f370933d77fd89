/** The catalogue: principals, datasets and their versions, grants, Views, budgets, and the engine over the data. */
export * from "./budgets/schemas.js";
export type * from "./catalog.js";
export { DATASET_CHANGES, DATASET_SIGHT, type Relation, type Sight } from "./datasets/policy.js";
export type { DatasetRow, VersionRow } from "./datasets/rows.js";
export {
  type AssessInput,
  type AssessmentView,
  assessInput,
  assessmentView,
  budgetInput,
  type ColumnView,
  columnView,
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
export type { GrantRow } from "./grants/rows.js";
export * from "./grants/schemas.js";
export * from "./principals/schemas.js";
