import { comparison, comparisonQuery } from "../../catalog/index.js";
import { defineRoute, json } from "../route.js";
import { chargeParams } from "../schemas/parameters.js";

export const compareSynthetic = defineRoute({
  name: "compareSynthetic",
  method: "get",
  path: "/datasets/{name}/synthetic/{charge}",
  tag: "queries",
  summary: "How near synthetic records come to one's own data: exact numbers, for the owner alone",
  summary_zh: "合成数据与本部门真实数据的偏差（仅数据提供方可见）",
  permission: "datasets.compare",
  params: chargeParams,
  query: comparisonQuery,
  responses: { 200: { description: "The comparison", schema: comparison } },
  errors: ["not_found", "forbidden", "engine_unavailable"],
  handler: async ({ deps, actor, params, query }) =>
    json(200, await deps.catalog.synthetic.compare(actor, params.name, params.charge, query)),
});
