import { defineRoute, json } from "../route.js";
import { collaborationView, reasonInput } from "../schemas/collaborations.js";
import { idParams } from "../schemas/parameters.js";

export const withdrawCollaboration = defineRoute({
  name: "withdrawCollaboration",
  method: "post",
  path: "/collaborations/{id}/withdraw",
  tag: "collaborations",
  summary: "Leave a collaboration: it ends for all",
  summary_zh: "退出跨域协作",
  permission: "collaborations.run",
  params: idParams,
  body: reasonInput,
  responses: { 200: { description: "Withdrawn", schema: collaborationView } },
  errors: ["not_found", "state_conflict"],
  handler({ deps, actor, params, body }) {
    const left = deps.federation.move(actor, params.id, "withdraw", body.reason);
    return json(200, left, { etag: left.rev });
  },
});
