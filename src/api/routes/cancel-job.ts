import { defineRoute, json } from "../route.js";
import { jobView } from "../schemas/jobs.js";
import { emptyBody, idParams } from "../schemas/parameters.js";

export const cancelJob = defineRoute({
  name: "cancelJob",
  method: "post",
  path: "/jobs/{id}/cancel",
  tag: "jobs",
  summary: "Cancel a job",
  summary_zh: "取消任务",
  permission: "jobs.cancel",
  params: idParams,
  body: emptyBody,
  conditional: true,
  responses: { 200: { description: "The job as the caller may see it", schema: jobView } },
  errors: ["not_found", "state_conflict", "stale"],
  async handler({ deps, actor, params, ifMatch }) {
    const job = await deps.jobs.cancel(actor, params.id, ifMatch);
    return json(200, job, { etag: job.rev });
  },
});
