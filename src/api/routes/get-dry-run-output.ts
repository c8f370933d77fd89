import { defineRoute } from "../route.js";
import { fileParams } from "../schemas/parameters.js";

export const getDryRunOutput = defineRoute({
  name: "getDryRunOutput",
  method: "get",
  path: "/jobs/{id}/outputs/{name}",
  tag: "jobs",
  summary: "Download an output of one's own dry run, which saw the synthetic twin only",
  summary_zh: "下载试运行产出",
  permission: "jobs.submit",
  params: fileParams,
  responses: { 200: { description: "The output", media: ["application/octet-stream"] } },
  errors: ["not_found", "forbidden", "state_conflict"],
  async handler({ deps, actor, params }) {
    const { stream, info } = await deps.jobs.dryRunOutput(actor, params.id, params.name);
    return {
      kind: "bytes",
      media: "application/octet-stream",
      stream,
      bytes: info.bytes,
      name: params.name,
      sha256: info.sha256,
    };
  },
});
