import { safeInput } from "../../jobs/index.js";
import { defineRoute, json } from "../route.js";
import { jobView } from "../schemas/jobs.js";
import { fileParams } from "../schemas/parameters.js";

export const makeSafe = defineRoute({
  name: "makeSafe",
  method: "post",
  path: "/jobs/{id}/outputs/{name}/safe",
  tag: "jobs",
  summary: "Ask for a safe version of a table of one's own ended job: a new job, of the same claim",
  summary_zh: "申请表格的安全版本",
  permission: "jobs.submit",
  params: fileParams,
  body: safeInput,
  responses: { 202: { description: "Accepted: it will not be lost", schema: jobView } },
  errors: ["not_found", "state_conflict", "no_grant", "grant_expired", "budget_exhausted"],
  idempotent: {
    makes: "job",
    reread({ deps, actor }, subject) {
      const job = deps.jobs.get(actor, subject);
      return json(202, job, { etag: job.rev, location: `/api/v1/jobs/${job.id}`, subject });
    },
  },
  async handler({ deps, actor, params, body }) {
    const job = await deps.jobs.safe(actor, params.id, params.name, body);
    return json(202, job, { etag: job.rev, location: `/api/v1/jobs/${job.id}`, subject: job.id });
  },
});
