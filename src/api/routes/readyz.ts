import { z } from "zod";
import { defineRoute, json } from "../route.js";

const readiness = z
  .strictObject({ ready: z.boolean(), checks: z.record(z.string(), z.boolean()) })
  .meta({ id: "Readiness", description: "Whether each part that work depends on is there" });

export const readyz = defineRoute({
  name: "readyz",
  method: "get",
  path: "/readyz",
  root: true,
  tag: "node",
  summary: "The node can take work",
  summary_zh: "就绪检查",
  permission: "public",
  responses: {
    200: { description: "Ready", schema: readiness },
    503: { description: "Something is missing", schema: readiness },
  },
  async handler({ deps }) {
    const checks = (await deps.ready?.()) ?? {};
    const ready = Object.values(checks).every(Boolean);
    return json(ready ? 200 : 503, { ready, checks });
  },
});
