import { z } from "zod";
import { syntheticAnswer, syntheticInput, syntheticQuote } from "../../catalog/index.js";
import { defineRoute, json } from "../route.js";
import { nameParams } from "../schemas/parameters.js";

export const askSynthetic = defineRoute({
  name: "askSynthetic",
  method: "post",
  path: "/datasets/{name}/synthetic",
  tag: "queries",
  summary: "Synthetic records made from noisy counts of the data, charged; or their price",
  summary_zh: "生成带隐私保证的合成数据或询价",
  permission: "queries.ask",
  params: nameParams,
  body: syntheticInput,
  responses: {
    200: { description: "The records, or the quote", schema: z.union([syntheticAnswer, syntheticQuote]) },
  },
  errors: [
    "not_found",
    "no_grant",
    "grant_expired",
    "state_conflict",
    "budget_exhausted",
    "engine_unavailable",
  ],
  handler: async ({ deps, actor, params, body }) =>
    json(200, await deps.catalog.synthetic.ask(actor, params.name, body)),
});
