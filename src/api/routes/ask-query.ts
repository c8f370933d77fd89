import { z } from "zod";
import { queryAnswer, queryInput, queryQuote } from "../../catalog/index.js";
import { ARROW_STREAM, arrowStream } from "../arrow.js";
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
    200: {
      description: `The answer, or the quote; an answer as an Arrow IPC stream where \`Accept\` prefers it (docs/dp.md)`,
      schema: z.union([queryAnswer, queryQuote]),
      also: [ARROW_STREAM],
    },
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
  handler: async ({ deps, actor, body, request }) => {
    const said = await deps.catalog.queries.ask(actor, body);
    const isArrow = request.accepts(["application/json", ARROW_STREAM]) === ARROW_STREAM;
    if (!isArrow || "quote" in said) return json(200, said);
    return { kind: "bytes", media: ARROW_STREAM, stream: arrowStream(said) };
  },
});
