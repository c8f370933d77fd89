import { defineRoute, json } from "../route.js";
import { releaseInput, releaseView } from "../schemas/releases.js";

export const createRelease = defineRoute({
  name: "createRelease",
  method: "post",
  path: "/releases",
  tag: "releases",
  summary: "Request that outputs of one's job be let out",
  summary_zh: "申请放行",
  permission: "releases.request",
  body: releaseInput,
  responses: { 201: { description: "Pending", schema: releaseView } },
  errors: ["not_found", "state_conflict"],
  idempotent: {
    makes: "release",
    reread({ deps, actor }, subject) {
      const release = deps.airlock.get(actor, subject);
      return json(201, release, { etag: release.rev, subject });
    },
  },
  handler({ deps, actor, body }) {
    const release = deps.airlock.create(actor, body);
    return json(201, release, {
      etag: release.rev,
      location: `/api/v1/releases/${release.id}`,
      subject: release.id,
    });
  },
});
