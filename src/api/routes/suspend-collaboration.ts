import { defineRoute, json } from "../route.js";
import { collaborationView, reasonInput } from "../schemas/collaborations.js";
import { idParams } from "../schemas/parameters.js";

export const suspendCollaboration = defineRoute({
  name: "suspendCollaboration",
  method: "post",
  path: "/collaborations/{id}/suspend",
  tag: "collaborations",
  summary: "Suspend this domain's part; nothing more is answered until it is resumed",
  summary_zh: "暂停本域参与",
  permission: "collaborations.run",
  params: idParams,
  body: reasonInput,
  responses: { 200: { description: "Suspended", schema: collaborationView } },
  errors: ["not_found", "state_conflict"],
  handler({ deps, actor, params, body }) {
    const moved = deps.federation.move(actor, params.id, "suspend", body.reason);
    return json(200, moved, { etag: moved.rev });
  },
});
