import { grantView } from "../../catalog/index.js";
import { defineRoute, json } from "../route.js";
import { idParams } from "../schemas/parameters.js";

export const getGrant = defineRoute({
  name: "getGrant",
  method: "get",
  path: "/grants/{id}",
  tag: "grants",
  summary: "Read a grant",
  summary_zh: "查看授权",
  permission: "grants.read",
  params: idParams,
  responses: { 200: { description: "The grant", schema: grantView } },
  errors: ["not_found"],
  handler({ deps, actor, params }) {
    const grant = deps.catalog.grants.get(actor, params.id);
    return json(200, grant, { etag: grant.rev });
  },
});
