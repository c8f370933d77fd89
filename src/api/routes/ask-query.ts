import { z } from "zod";
import { queryAnswer, queryInput, queryQuote } from "../../catalog/index.js";
import { defineRoute, json } from "../route.js";

export const askQuery = defineRoute({
  name: "askQuery",
  method: "post",
  path: "/query",
  tag: "queries",
  summary: "Ask a question in SQL, answered with noise and charged; or its price",
  summary_zh: "提交带噪声的 SQL 查询或询价",
  permission: "queries.ask",
  body: queryInput,
  responses: {
    200: { description: "The answer, or the quote", schema: z.union([queryAnswer, queryQuote]) },
  },
  errors: [
    "not_found",
    "no_grant",
    "grant_expired",
    "state_conflict",
    "budget_exhausted",
    "query_unsupported",
    "engine_unavailable",
  ],
  handler: async ({ deps, actor, body }) => json(200, await deps.catalog.queries.ask(actor, body)),
});
