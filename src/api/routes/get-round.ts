import { defineRoute, json } from "../route.js";
import { roundParams, roundView } from "../schemas/collaborations.js";

export const getRound = defineRoute({
  name: "getRound",
  method: "get",
  path: "/collaborations/{id}/rounds/{round}",
  tag: "collaborations",
  summary: "Read a round: at a recipient, with the job of its result, and the file once it was released",
  summary_zh: "查看跨域统计结果",
  permission: "collaborations.read",
  params: roundParams,
  responses: { 200: { description: "As this domain knows it", schema: roundView } },
  errors: ["not_found"],
  handler({ deps, actor, params }) {
    return json(200, deps.federation.round(actor, params.id, params.round));
  },
});
