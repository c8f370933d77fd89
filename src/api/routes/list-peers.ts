import { z } from "zod";
import { defineRoute, json } from "../route.js";
import { peerView } from "../schemas/collaborations.js";

export const listPeers = defineRoute({
  name: "listPeers",
  method: "get",
  path: "/peers",
  tag: "collaborations",
  summary: "Other domains' keys, as they are known here",
  summary_zh: "查看已知的其他域公钥",
  permission: "collaborations.read",
  responses: {
    200: { description: "All of them", schema: z.strictObject({ items: z.array(peerView) }) },
  },
  handler({ deps }) {
    return json(200, { items: deps.federation.peers() });
  },
});
