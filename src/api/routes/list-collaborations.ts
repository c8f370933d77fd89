import { z } from "zod";
import { defineRoute, json } from "../route.js";
import { collaborationView } from "../schemas/collaborations.js";

export const listCollaborations = defineRoute({
  name: "listCollaborations",
  method: "get",
  path: "/collaborations",
  tag: "collaborations",
  summary: "List collaborations with other domains",
  summary_zh: "跨域协作列表",
  permission: "collaborations.read",
  responses: {
    200: {
      description: "All that this domain knows",
      schema: z.strictObject({ items: z.array(collaborationView), next_cursor: z.null() }),
    },
  },
  handler({ deps }) {
    return json(200, { items: deps.federation.list(), next_cursor: null });
  },
});
