import { defineRoute, json } from "../route.js";
import { jobView } from "../schemas/jobs.js";
import { emptyBody, idParams } from "../schemas/parameters.js";

export const closeJob = defineRoute({
  name: "closeJob",
  method: "post",
  path: "/jobs/{id}/close",
  tag: "jobs",
  summary: "Close a held job one is done with: its outputs can no longer be requested",
  summary_zh: "关闭待放行任务",
  permission: "jobs.submit",
  params: idParams,
  body: emptyBody,
  conditional: true,
  responses: { 200: { description: "The job as the caller may see it", schema: jobView } },
  errors: ["not_found", "state_conflict", "stale"],
  handler({ deps, actor, params, ifMatch }) {
    const job = deps.jobs.closeJob(actor, params.id, ifMatch);
    return json(200, job, { etag: job.rev });
  },
});
