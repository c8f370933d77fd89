/** What can be asked under a spec that has noise on every result. */
import { RECOMPUTED_KINDS, type RecomputedStatistic } from "../../../privacy/index.js";
import { invalidInput } from "../../../vocabulary/index.js";
import type { PrivacySpec } from "../../collaborations/privacy.js";
import type { CollaborationSpec } from "../../collaborations/spec.js";
import type { SharedQuestion } from "../asked.js";
import type { Asked, SharedStatistic } from "../shared.js";
import { noisyTable } from "./table.js";

/** @param t plaintext modulus of the sums. @throws invalid_input naming the place */
export function noisyStatistic(
  spec: CollaborationSpec & { privacy: PrivacySpec },
  { statistic, step, contributors, privacy: terms }: Asked,
  t: bigint,
): SharedStatistic {
  if (terms === undefined) throw invalidInput("privacy", "say which ε and δ the answer may cost");
  if (step !== undefined || !isTable(statistic))
    throw invalidInput("statistic.kind", `${statistic.kind} has no form with noise`);
  return noisyTable(
    spec,
    { statistic, terms, contributors: contributors?.length ?? spec.participants.length },
    t,
  );
}

const isTable = (asked: SharedQuestion): asked is RecomputedStatistic =>
  (RECOMPUTED_KINDS as readonly string[]).includes(asked.kind);
