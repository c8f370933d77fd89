import { defineRoute, json } from "../route.js";
import { collaborationView } from "../schemas/collaborations.js";
import { emptyBody, idParams } from "../schemas/parameters.js";

export const resumeCollaboration = defineRoute({
  name: "resumeCollaboration",
  method: "post",
  path: "/collaborations/{id}/resume",
  tag: "collaborations",
  summary: "Go on with a suspended part, under the grant as it stands now",
  summary_zh: "恢复本域参与",
  permission: "collaborations.run",
  params: idParams,
  body: emptyBody,
  responses: { 200: { description: "Resumed", schema: collaborationView } },
  errors: ["not_found", "state_conflict", "no_grant", "grant_expired"],
  handler({ deps, actor, params }) {
    const moved = deps.federation.move(actor, params.id, "resume");
    return json(200, moved, { etag: moved.rev });
  },
});
