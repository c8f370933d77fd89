import { grantInput, grantView } from "../../catalog/index.js";
import { defineRoute, json } from "../route.js";

export const createGrant = defineRoute({
  name: "createGrant",
  method: "post",
  path: "/grants",
  tag: "grants",
  summary: "Give a grant as the dataset's owner; request one as anyone else",
  summary_zh: "授予或申请授权",
  permission: "grants.create",
  body: grantInput,
  responses: { 201: { description: "Active, or requested", schema: grantView } },
  errors: ["not_found", "state_conflict", "budget_exhausted"],
  idempotent: {
    makes: "grant",
    reread({ deps, actor }, subject) {
      const grant = deps.catalog.grants.get(actor, subject);
      return json(201, grant, { etag: grant.rev, subject });
    },
  },
  handler({ deps, actor, body }) {
    const grant = deps.catalog.grants.create(actor, body);
    return json(201, grant, { etag: grant.rev, location: `/api/v1/grants/${grant.id}`, subject: grant.id });
  },
});
