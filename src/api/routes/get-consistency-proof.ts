import { invalidInput } from "../../vocabulary/index.js";
import { requireVisible, visibleSize } from "../ledger-visibility.js";
import { defineRoute, json } from "../route.js";
import { consistencyQuery, consistencyView } from "../schemas/ledger.js";

export const getConsistencyProof = defineRoute({
  name: "getConsistencyProof",
  method: "get",
  path: "/ledger/proof/consistency",
  tag: "ledger",
  summary: "Prove that a later log only appended to an earlier one",
  summary_zh: "一致性证明",
  permission: "ledger.read",
  query: consistencyQuery,
  responses: { 200: { description: "The proof", schema: consistencyView } },
  handler({ deps, actor, query }) {
    const visible = visibleSize(deps.ledger, actor, deps.clock.now());
    const to = requireVisible(query.to ?? visible, visible);
    if (query.from > to) throw invalidInput("from", "must not be larger than `to`");
    return json(200, { from: query.from, to, proof: deps.ledger.consistencyProof(query.from, to) });
  },
});
