import { jobInput } from "../../jobs/index.js";
import { defineRoute, json } from "../route.js";
import { jobView } from "../schemas/jobs.js";

/** The code archive is at most 16 MiB, a third more in base64; the rest is room for files and spec. */
const BODY_LIMIT = 32 << 20;

export const submitJob = defineRoute({
  name: "submitJob",
  method: "post",
  path: "/jobs",
  tag: "jobs",
  summary: "Submit a job on the data that one's grants cover",
  summary_zh: "提交任务",
  permission: "jobs.submit",
  body: jobInput,
  bodyLimit: BODY_LIMIT,
  responses: { 202: { description: "Accepted: it will not be lost", schema: jobView } },
  errors: [
    "not_found",
    "no_grant",
    "grant_expired",
    "isolation_unavailable",
    "too_large",
    "budget_exhausted",
  ],
  idempotent: {
    makes: "job",
    reread({ deps, actor }, subject) {
      const job = deps.jobs.get(actor, subject);
      return json(202, job, { etag: job.rev, location: `/api/v1/jobs/${job.id}`, subject });
    },
  },
  async handler({ deps, actor, body }) {
    const job = await deps.jobs.submit(actor, body);
    return json(202, job, { etag: job.rev, location: `/api/v1/jobs/${job.id}`, subject: job.id });
  },
});
