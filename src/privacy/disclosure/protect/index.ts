/** Safe versions of tables: suppressed or rounded, attacked before they are shown. */
export { type Coarsening, coarserStatistic } from "./coarsen.js";
export {
  chancesOf,
  createProtector,
  PROTECTOR_CAPS,
  PROTECTOR_ENTRY,
  type Protector,
  type ProtectorCaps,
  type SpawnProtector,
  type ToProtect,
} from "./protector.js";
export type { SafeQuestion } from "./safe.js";
