import { defineRoute } from "../route.js";
import { idParams } from "../schemas/parameters.js";

export const getJobCode = defineRoute({
  name: "getJobCode",
  method: "get",
  path: "/jobs/{id}/code",
  tag: "jobs",
  summary: "Download a job's files as they ran: its submitter, and the auditors who judge it",
  summary_zh: "下载任务代码",
  permission: "jobs.outputs",
  params: idParams,
  responses: { 200: { description: "A tar archive", media: ["application/x-tar"] } },
  errors: ["not_found", "forbidden"],
  handler({ deps, actor, params }) {
    const { stream } = deps.jobs.code(actor, params.id);
    return { kind: "bytes", media: "application/x-tar", stream, name: `${params.id}.tar` };
  },
});
