/** The sandbox: where untrusted programs run, and how the node's own helpers are confined. */

export type { Bind, ConfinementProfile } from "./confinement/arguments.js";
export { probeConfinement } from "./confinement/probe.js";
export { type ConfinedOptions, findProgram, spawnConfined, stderrTail } from "./confinement/spawn.js";
export { createDockerExecutor, type DockerOptions } from "./docker/executor.js";
export { type EngineAddress, findEngine, levelMemory, privateEngineSocket } from "./engine.js";
export * from "./executor.js";
export { createImages, type Images } from "./images.js";
export {
  type Foundation,
  type LevelKind,
  type LevelOffer,
  type Levels,
  type LevelsOptions,
  type LevelTools,
  type Missing,
  type OpenedLevel,
  openLevels,
  type Sight,
} from "./levels.js";
export { assertLimits } from "./limits.js";
export {
  assertOutputNames,
  CLAIMS_FILE,
  MAX_CLAIMS_BYTES,
  MAX_OUTPUTS,
  outputNameProblem,
  RESERVED_OUTPUTS,
} from "./outputs.js";
export { type ClassLimits, classOf, READY_IMAGES, type ReadyClass } from "./ready/class.js";
export { createReadyExecutor, type ReadyExecutor, type ReadyReport } from "./ready/executor.js";
export { type FoundReady, findReady } from "./ready/found.js";
export { defaultStagingRoot, NOBODY, openStaging, type StagedDir, type Staging } from "./staging.js";
