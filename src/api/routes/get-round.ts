import { defineRoute, json } from "../route.js";
import { roundParams, roundView } from "../schemas/collaborations.js";

export const getRound = defineRoute({
  name: "getRound",
  method: "get",
  path: "/collaborations/{id}/rounds/{round}",
  tag: "collaborations",
  summary: "Read a round: at a recipient, with its result",
  summary_zh: "查看跨域统计结果",
  permission: "collaborations.read",
  params: roundParams,
  responses: { 200: { description: "As this domain knows it", schema: roundView } },
  errors: ["not_found"],
  handler({ deps, params }) {
    return json(200, deps.federation.round(params.id, params.round));
  },
});
