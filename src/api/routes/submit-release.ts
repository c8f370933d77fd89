import { defineRoute, json } from "../route.js";
import { emptyBody, idParams } from "../schemas/parameters.js";
import { releaseView } from "../schemas/releases.js";

export const submitRelease = defineRoute({
  name: "submitRelease",
  method: "post",
  path: "/releases/{id}/submit",
  tag: "releases",
  summary: "Hand a release to its reviewers",
  summary_zh: "提交放行审核",
  permission: "releases.request",
  params: idParams,
  body: emptyBody,
  conditional: true,
  responses: { 200: { description: "Submitted", schema: releaseView } },
  errors: ["not_found", "state_conflict", "stale"],
  handler({ deps, actor, params, ifMatch }) {
    const release = deps.airlock.submit(actor, params.id, ifMatch);
    return json(200, release, { etag: release.rev });
  },
});
