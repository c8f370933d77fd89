import { defineRoute } from "../route.js";

export const metrics = defineRoute({
  name: "metrics",
  method: "get",
  path: "/metrics",
  root: true,
  tag: "node",
  summary: "Prometheus metrics",
  summary_zh: "运行指标",
  permission: "metrics.read",
  responses: { 200: { description: "Prometheus text format", media: ["text/plain"] } },
  handler: async ({ registry }) => ({
    kind: "text",
    media: registry.contentType,
    body: await registry.metrics(),
  }),
});
