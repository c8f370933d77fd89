/** All migrations in order. They only go forward; one that has been released is never edited. */
import { initial } from "./001_initial.js";
import { uploads } from "./002_uploads.js";
import { runIsolation } from "./003_run_isolation.js";
import { charges } from "./004_charges.js";
import { answerTime } from "./005_answer_time.js";
import { disclosurePolicy } from "./006_disclosure.js";
import { facts } from "./007_facts.js";
import { collaborations } from "./008_collaborations.js";
import { roundCharges } from "./009_round_charges.js";
import { results } from "./010_results.js";
import { peers } from "./011_peers.js";

export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly sql: string;
}

export const MIGRATIONS: readonly Migration[] = [
  initial,
  uploads,
  runIsolation,
  charges,
  answerTime,
  disclosurePolicy,
  facts,
  collaborations,
  roundCharges,
  results,
  peers,
];
