import { defineRoute, json } from "../route.js";
import { collaborationView, joinInput } from "../schemas/collaborations.js";
import { idParams } from "../schemas/parameters.js";

export const joinCollaboration = defineRoute({
  name: "joinCollaboration",
  method: "post",
  path: "/collaborations/{id}/join",
  tag: "collaborations",
  summary: "Take part with a dataset, under a grant of its owner that names the spec",
  summary_zh: "以数据资源加入跨域协作",
  permission: "collaborations.run",
  params: idParams,
  body: joinInput,
  responses: { 200: { description: "Joined", schema: collaborationView } },
  errors: ["not_found", "no_grant", "grant_expired", "state_conflict"],
  handler({ deps, actor, params, body }) {
    const joined = deps.federation.join(actor, params.id, body.dataset);
    return json(200, joined, { etag: joined.rev });
  },
});
