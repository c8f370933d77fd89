import { defineRoute, json } from "../route.js";
import { emptyBody, idParams } from "../schemas/parameters.js";
import { releaseView } from "../schemas/releases.js";

export const submitRelease = defineRoute({
  name: "submitRelease",
  method: "post",
  path: "/releases/{id}/submit",
  tag: "releases",
  summary: "Hand a release to its reviewers; where the owner's policy lets it out, it is released",
  summary_zh: "提交放行审核",
  permission: "releases.request",
  params: idParams,
  body: emptyBody,
  conditional: true,
  responses: { 200: { description: "Submitted", schema: releaseView } },
  errors: ["not_found", "state_conflict", "stale"],
  async handler({ deps, actor, params, ifMatch }) {
    const submitted = deps.airlock.submit(actor, params.id, ifMatch);
    // By policy it is approved at once: the answer then waits for its bundle.
    const release =
      submitted.state === "approved" ? await deps.airlock.completed(actor, params.id) : submitted;
    return json(200, release, { etag: release.rev });
  },
});
