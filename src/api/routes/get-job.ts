import { defineRoute, json } from "../route.js";
import { jobView } from "../schemas/jobs.js";
import { idParams } from "../schemas/parameters.js";

export const getJob = defineRoute({
  name: "getJob",
  method: "get",
  path: "/jobs/{id}",
  tag: "jobs",
  summary: "Read a job: an auditor sees its state, its submitter what its signals allow",
  summary_zh: "查看任务",
  permission: "jobs.read",
  params: idParams,
  responses: { 200: { description: "The job as the caller may see it", schema: jobView } },
  errors: ["not_found"],
  handler({ deps, actor, params }) {
    const job = deps.jobs.get(actor, params.id);
    return json(200, job, { etag: job.rev });
  },
});
