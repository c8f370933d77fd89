import { defineRoute, json } from "../route.js";
import { collaborationView, invitationInput } from "../schemas/collaborations.js";

export const acceptInvitation = defineRoute({
  name: "acceptInvitation",
  method: "post",
  path: "/collaborations/invitations",
  tag: "collaborations",
  summary: "Fetch a collaboration that this domain is named in",
  summary_zh: "接收跨域协作邀请",
  permission: "collaborations.run",
  body: invitationInput,
  responses: { 200: { description: "Known here now", schema: collaborationView } },
  errors: ["not_found", "state_conflict"],
  async handler({ deps, actor, body }) {
    const known = await deps.federation.invite(actor, body);
    return json(200, known, { etag: known.rev });
  },
});
