import { defineRoute, file } from "../route.js";
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
    return file(params.name, await deps.jobs.dryRunOutput(actor, params.id, params.name));
  },
});
