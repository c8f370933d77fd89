import { defineRoute, json } from "../route.js";
import { collaborationView, reasonInput } from "../schemas/collaborations.js";
import { idParams } from "../schemas/parameters.js";

export const endCollaboration = defineRoute({
  name: "endCollaboration",
  method: "post",
  path: "/collaborations/{id}/end",
  tag: "collaborations",
  summary: "End a collaboration that this node coordinates, for all",
  summary_zh: "结束本节点协调的协作",
  permission: "collaborations.run",
  params: idParams,
  body: reasonInput,
  responses: { 200: { description: "Ended", schema: collaborationView } },
  errors: ["not_found", "state_conflict"],
  handler({ deps, actor, params, body }) {
    const moved = deps.federation.move(actor, params.id, "end", body.reason);
    return json(200, moved, { etag: moved.rev });
  },
});
