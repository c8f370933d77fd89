import { z } from "zod";
import { defineRoute, json } from "../route.js";
import { emptyBody, idParams } from "../schemas/parameters.js";

export const revokeWorker = defineRoute({
  name: "revokeWorker",
  method: "post",
  path: "/workers/{id}/revoke",
  tag: "node",
  summary: "End a worker's token; its runs are lost and tried again elsewhere",
  summary_zh: "撤销执行器令牌",
  permission: "workers.manage",
  params: idParams,
  body: emptyBody,
  responses: { 200: { description: "Revoked", schema: z.strictObject({ id: z.string() }) } },
  handler({ deps, params }) {
    deps.jobs.internal.revokeWorker(params.id);
    return json(200, { id: params.id });
  },
});
