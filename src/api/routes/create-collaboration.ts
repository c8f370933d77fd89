import { defineRoute, json } from "../route.js";
import { collaborationInput, collaborationView } from "../schemas/collaborations.js";

export const createCollaboration = defineRoute({
  name: "createCollaboration",
  method: "post",
  path: "/collaborations",
  tag: "collaborations",
  summary: "Propose a collaboration; this node becomes its coordinator",
  summary_zh: "发起跨域协作",
  permission: "collaborations.run",
  body: collaborationInput,
  responses: { 201: { description: "Proposed", schema: collaborationView } },
  idempotent: {
    makes: "collaboration",
    reread({ deps }, subject) {
      return json(201, deps.federation.get(subject), { subject });
    },
  },
  handler({ deps, actor, body }) {
    const made = deps.federation.propose(actor, body);
    return json(201, made, {
      etag: made.rev,
      location: `/api/v1/collaborations/${made.id}`,
      subject: made.id,
    });
  },
});
