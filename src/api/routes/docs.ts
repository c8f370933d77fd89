import { z } from "zod";
import { apiDocument } from "../document.js";
import { READER_POLICY, readerPage } from "../reader.js";
import { defineRoute } from "../route.js";

export const docs = defineRoute({
  name: "docs",
  method: "get",
  path: "/docs",
  root: true,
  tag: "node",
  summary: "A reader of this description",
  summary_zh: "接口文档",
  permission: "public",
  query: z.strictObject({ lang: z.enum(["en", "zh"]).default("en") }),
  responses: { 200: { description: "HTML", media: ["text/html"] } },
  handler: ({ query }) => ({
    kind: "text",
    media: "text/html; charset=utf-8",
    body: readerPage(apiDocument(), query.lang),
    headers: { "Content-Security-Policy": READER_POLICY },
  }),
});
