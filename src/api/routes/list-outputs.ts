import { defineRoute, json } from "../route.js";
import { outputsView } from "../schemas/jobs.js";
import { idParams } from "../schemas/parameters.js";

export const listOutputs = defineRoute({
  name: "listOutputs",
  method: "get",
  path: "/jobs/{id}/outputs",
  tag: "jobs",
  summary: "List a job's outputs: an auditor sees findings, its requester names only",
  summary_zh: "查看任务产出",
  permission: "jobs.outputs",
  params: idParams,
  responses: { 200: { description: "The outputs as the caller may see them", schema: outputsView } },
  errors: ["not_found", "state_conflict"],
  handler: ({ deps, actor, params }) => json(200, { items: deps.jobs.outputs(actor, params.id) }),
});
