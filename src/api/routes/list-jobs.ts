import { defineRoute, json } from "../route.js";
import { jobView } from "../schemas/jobs.js";
import { pageOf, pageQuery, pageReply } from "../schemas/parameters.js";

export const listJobs = defineRoute({
  name: "listJobs",
  method: "get",
  path: "/jobs",
  tag: "jobs",
  summary: "List the jobs that one may see, the newest first",
  summary_zh: "查看任务列表",
  permission: "jobs.read",
  query: pageQuery,
  responses: { 200: { description: "A page", schema: pageOf(jobView) } },
  handler: ({ deps, actor, query }) => json(200, pageReply(deps.jobs.list(actor, query))),
});
