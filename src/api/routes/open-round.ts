import { defineRoute, json } from "../route.js";
import { roundInput, roundView } from "../schemas/collaborations.js";
import { idParams } from "../schemas/parameters.js";

export const openRound = defineRoute({
  name: "openRound",
  method: "post",
  path: "/collaborations/{id}/rounds",
  tag: "collaborations",
  summary: "Ask for a statistic over all domains",
  summary_zh: "发起跨域统计",
  permission: "collaborations.run",
  params: idParams,
  body: roundInput,
  responses: { 202: { description: "Opened", schema: roundView } },
  errors: [
    "not_found",
    "state_conflict",
    "query_unsupported",
    "budget_exhausted",
    "no_grant",
    "grant_expired",
  ],
  async handler({ deps, actor, params, body }) {
    const opened = await deps.federation.open(actor, params.id, body);
    return json(202, opened, { location: `/api/v1/collaborations/${params.id}/rounds/${opened.round}` });
  },
});
