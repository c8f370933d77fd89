import { approveInput, grantView } from "../../catalog/index.js";
import { defineRoute, json } from "../route.js";
import { idParams } from "../schemas/parameters.js";

export const approveGrant = defineRoute({
  name: "approveGrant",
  method: "post",
  path: "/grants/{id}/approve",
  tag: "grants",
  summary: "Approve a requested grant as the dataset's owner",
  summary_zh: "批准授权",
  permission: "grants.decide",
  params: idParams,
  body: approveInput,
  conditional: true,
  responses: { 200: { description: "Active", schema: grantView } },
  errors: ["not_found", "state_conflict", "stale", "budget_exhausted"],
  handler({ deps, actor, params, body, ifMatch }) {
    const grant = deps.catalog.grants.approve(actor, params.id, body, ifMatch);
    return json(200, grant, { etag: grant.rev });
  },
});
