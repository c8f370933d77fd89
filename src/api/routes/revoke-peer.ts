import { defineRoute, json } from "../route.js";
import { peerView, revocationInput } from "../schemas/collaborations.js";

export const revokePeer = defineRoute({
  name: "revokePeer",
  method: "post",
  path: "/peers/revocations",
  tag: "collaborations",
  summary: "Take nothing more from another domain's key; collaborations with it are suspended",
  summary_zh: "吊销其他域的公钥",
  permission: "collaborations.run",
  body: revocationInput,
  responses: { 200: { description: "Revoked", schema: peerView } },
  errors: ["not_found", "state_conflict"],
  handler({ deps, actor, body }) {
    return json(200, deps.federation.revoke(actor, body.peer, body.reason));
  },
});
