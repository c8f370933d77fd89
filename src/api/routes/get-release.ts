import { defineRoute, json } from "../route.js";
import { idParams } from "../schemas/parameters.js";
import { releaseView } from "../schemas/releases.js";

export const getRelease = defineRoute({
  name: "getRelease",
  method: "get",
  path: "/releases/{id}",
  tag: "releases",
  summary: "Read a release",
  summary_zh: "查看放行",
  permission: "releases.read",
  params: idParams,
  responses: { 200: { description: "The release as the caller may see it", schema: releaseView } },
  errors: ["not_found"],
  handler({ deps, actor, params }) {
    const release = deps.airlock.get(actor, params.id);
    return json(200, release, { etag: release.rev });
  },
});
