import { principalCreated, principalInput, principalView } from "../../catalog/index.js";
import { defineRoute, json } from "../route.js";

export const addPrincipal = defineRoute({
  name: "addPrincipal",
  method: "post",
  path: "/principals",
  tag: "principals",
  summary: "Add a principal; its token is shown this once",
  summary_zh: "新增主体，令牌仅显示一次",
  permission: "principals.add",
  body: principalInput,
  responses: {
    200: {
      description:
        "An earlier call with this Idempotency-Key added it; its token was shown, or lost, with that answer",
      schema: principalView,
    },
    201: { description: "Added", schema: principalCreated },
  },
  errors: ["state_conflict"],
  idempotent: {
    makes: "principal",
    reread({ deps, actor }, subject) {
      const principal = deps.catalog.principals.view(actor, subject);
      return json(200, principal, { etag: principal.rev, subject });
    },
  },
  handler({ deps, actor, body }) {
    const { principal, token } = deps.catalog.principals.add(actor, body);
    return json(201, { ...principal, token }, { etag: principal.rev, subject: principal.id });
  },
});
