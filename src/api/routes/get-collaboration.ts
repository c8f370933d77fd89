import { defineRoute, json } from "../route.js";
import { collaborationView } from "../schemas/collaborations.js";
import { idParams } from "../schemas/parameters.js";

export const getCollaboration = defineRoute({
  name: "getCollaboration",
  method: "get",
  path: "/collaborations/{id}",
  tag: "collaborations",
  summary: "Read a collaboration",
  summary_zh: "查看跨域协作",
  permission: "collaborations.read",
  params: idParams,
  responses: { 200: { description: "As this domain knows it", schema: collaborationView } },
  errors: ["not_found"],
  handler({ deps, params }) {
    const found = deps.federation.get(params.id);
    return json(200, found, { etag: found.rev });
  },
});
