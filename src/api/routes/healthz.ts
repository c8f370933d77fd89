import { z } from "zod";
import { defineRoute, json } from "../route.js";

export const healthz = defineRoute({
  name: "healthz",
  method: "get",
  path: "/healthz",
  root: true,
  tag: "node",
  summary: "The process answers",
  summary_zh: "存活检查",
  permission: "public",
  responses: { 200: { description: "Alive", schema: z.strictObject({ status: z.literal("ok") }) } },
  handler: () => json(200, { status: "ok" }),
});
