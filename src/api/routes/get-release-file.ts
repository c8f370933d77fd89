import { defineRoute, file } from "../route.js";
import { fileParams } from "../schemas/parameters.js";

export const getReleaseFile = defineRoute({
  name: "getReleaseFile",
  method: "get",
  path: "/releases/{id}/files/{name}",
  tag: "releases",
  summary: "Download a file: its auditor while held, its requester once released",
  summary_zh: "下载放行文件",
  permission: "releases.read",
  params: fileParams,
  responses: { 200: { description: "The canonical bytes", media: ["application/octet-stream"] } },
  errors: ["not_found", "forbidden", "state_conflict"],
  async handler({ deps, actor, params }) {
    return file(params.name, await deps.airlock.file(actor, params.id, params.name));
  },
});
