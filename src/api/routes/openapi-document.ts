import { z } from "zod";
import { apiDocument } from "../document.js";
import { defineRoute, json } from "../route.js";

export const openapiDocument = defineRoute({
  name: "openapi",
  method: "get",
  path: "/openapi.json",
  root: true,
  tag: "node",
  summary: "This description, OpenAPI 3.1",
  summary_zh: "接口描述（OpenAPI 3.1）",
  permission: "public",
  responses: { 200: { description: "The document", schema: z.record(z.string(), z.unknown()) } },
  handler: () => json(200, apiDocument()),
});
