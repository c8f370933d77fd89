import { defineRoute, json } from "../route.js";
import { idParams } from "../schemas/parameters.js";
import { releaseView, reviewInput } from "../schemas/releases.js";

export const reviewRelease = defineRoute({
  name: "reviewRelease",
  method: "post",
  path: "/releases/{id}/reviews",
  tag: "releases",
  summary: "Vote on each file by its hash, decide, and sign",
  summary_zh: "逐文件投票、作出决定并签名",
  permission: "releases.review",
  params: idParams,
  body: reviewInput,
  conditional: true,
  responses: { 201: { description: "Recorded", schema: releaseView } },
  errors: ["not_found", "forbidden", "state_conflict", "stale"],
  idempotent: {
    makes: "release",
    reread({ deps, actor, params }) {
      const release = deps.airlock.get(actor, params.id);
      return json(201, release, { etag: release.rev, subject: release.id });
    },
  },
  async handler({ deps, actor, params, body, ifMatch }) {
    const release = await deps.airlock.review(actor, params.id, body, ifMatch);
    return json(201, release, { etag: release.rev, subject: release.id });
  },
});
