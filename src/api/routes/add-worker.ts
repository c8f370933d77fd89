import { z } from "zod";
import { ISOLATION_LEVELS } from "../../vocabulary/index.js";
import { defineRoute, json } from "../route.js";

const workerInput = z
  .strictObject({
    levels: z
      .array(z.enum(ISOLATION_LEVELS))
      .min(1)
      .default(["container"])
      .describe("Isolation that its machine offers"),
  })
  .meta({ id: "WorkerInput", description: "A further worker process" });

const workerCreated = z
  .strictObject({ id: z.string().describe("wrk_…"), token: z.string().describe("Shown this once") })
  .meta({
    id: "WorkerCreated",
    description: "A worker's own token; it opens nothing but the workers' calls",
  });

export const addWorker = defineRoute({
  name: "addWorker",
  method: "post",
  path: "/workers",
  tag: "node",
  summary: "Make a token for one more worker, on any machine",
  summary_zh: "新增执行器令牌",
  permission: "workers.manage",
  body: workerInput,
  responses: { 201: { description: "Registered", schema: workerCreated } },
  handler: ({ deps, body }) => json(201, deps.jobs.internal.registerWorker({ levels: body.levels })),
});
