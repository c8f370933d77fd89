import { traceOf } from "../../vocabulary/index.js";
import { followJob } from "../job-stream.js";
import { defineRoute } from "../route.js";
import { idParams } from "../schemas/parameters.js";

export const jobEvents = defineRoute({
  name: "jobEvents",
  method: "get",
  path: "/jobs/{id}/events",
  tag: "jobs",
  summary: "Follow a job: one `job` event each time that what the caller may see of it changes",
  summary_zh: "跟踪任务状态（SSE）",
  permission: "jobs.read",
  params: idParams,
  responses: { 200: { description: "Server-sent events", media: ["text/event-stream"] } },
  errors: ["not_found"],
  handler({ deps, actor, params }) {
    deps.jobs.get(actor, params.id);
    const failed = (thrown: unknown) =>
      deps.log.error({ call: "jobEvents", ...traceOf(thrown) }, "event stream");
    return { kind: "events", open: (sink) => followJob(deps.jobs, actor, params.id, sink, failed) };
  },
});
