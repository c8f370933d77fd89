import { defineRoute, json } from "../route.js";
import { emptyBody, idParams } from "../schemas/parameters.js";
import { releaseView } from "../schemas/releases.js";

export const withdrawRelease = defineRoute({
  name: "withdrawRelease",
  method: "post",
  path: "/releases/{id}/withdraw",
  tag: "releases",
  summary: "Withdraw a release that is with its requester",
  summary_zh: "撤回放行申请",
  permission: "releases.request",
  params: idParams,
  body: emptyBody,
  conditional: true,
  responses: { 200: { description: "Withdrawn", schema: releaseView } },
  errors: ["not_found", "state_conflict", "stale"],
  handler({ deps, actor, params, ifMatch }) {
    const release = deps.airlock.withdraw(actor, params.id, ifMatch);
    return json(200, release, { etag: release.rev });
  },
});
