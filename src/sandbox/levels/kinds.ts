/** The levels that this version knows, weakest first. One that the machine lacks says so itself. */
import type { LevelKind } from "../levels.js";
import { containerKind } from "./container.js";
import { gvisorKind } from "./gvisor.js";
import { microvmKind } from "./microvm.js";
import { usernsKind } from "./userns.js";

export const LEVEL_KINDS: readonly LevelKind[] = [containerKind, usernsKind, gvisorKind, microvmKind];
