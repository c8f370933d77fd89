/** What tables of one dataset tell together: the requester's verdict, the auditors', and the units that cells stand on. */
export type { AtomTable } from "./atoms.js";
export type { LpSolution, SolveLp } from "./attack.js";
export {
  type AuditorsInput,
  differencingFailed,
  judgeForAuditors,
  noFacts,
  notCompared,
} from "./auditors.js";
export { isTable } from "./conditions.js";
export { type UnitsAnswer, type UnitsQuestion, unitSetsOf, unitsQuestion } from "./question.js";
export {
  type AskedTable,
  judgeForRequester,
  type PublicKnowledge,
  type PublishedTable,
} from "./requester.js";
export { type ToldSet, type ToldTable, toldSets } from "./told.js";
export { decodeUnitSets, encodeUnitSets, MAX_UNITS, type UnitSets } from "./unit-sets.js";
export { cellsWithin, type Within } from "./within.js";
