import { defineRoute, json } from "../route.js";
import { fileParams } from "../schemas/parameters.js";
import { fileInput, releaseView } from "../schemas/releases.js";

export const replaceReleaseFile = defineRoute({
  name: "replaceReleaseFile",
  method: "put",
  path: "/releases/{id}/files/{name}",
  tag: "releases",
  summary: "Put another held output in a file's place; votes on it are void",
  summary_zh: "替换放行文件，原投票作废",
  permission: "releases.request",
  params: fileParams,
  body: fileInput,
  conditional: true,
  responses: { 200: { description: "Replaced", schema: releaseView } },
  errors: ["not_found", "state_conflict", "stale"],
  handler({ deps, actor, params, body, ifMatch }) {
    const release = deps.airlock.replaceFile(actor, params.id, params.name, body, ifMatch);
    return json(200, release, { etag: release.rev });
  },
});
