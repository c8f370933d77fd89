import { leafHash } from "../../ledger/index.js";
import { invalidInput } from "../../vocabulary/index.js";
import { requireVisible, visibleSize } from "../ledger-visibility.js";
import { defineRoute, json } from "../route.js";
import { inclusionQuery, inclusionView } from "../schemas/ledger.js";

export const getInclusionProof = defineRoute({
  name: "getInclusionProof",
  method: "get",
  path: "/ledger/proof/inclusion",
  tag: "ledger",
  summary: "Prove that an entry is in the log of a given size",
  summary_zh: "包含性证明",
  permission: "ledger.read",
  query: inclusionQuery,
  responses: { 200: { description: "The proof", schema: inclusionView } },
  handler({ deps, actor, query }) {
    const visible = visibleSize(deps.ledger, actor, deps.clock.now());
    const size = requireVisible(query.size ?? visible, visible);
    if (query.index >= size) throw invalidInput("index", "must be below the tree size");
    const proof = deps.ledger.inclusionProof(query.index, size);
    return json(200, { index: query.index, size, leaf_hash: leafHash(deps.ledger.leaf(query.index)), proof });
  },
});
