import { principalView } from "../../catalog/index.js";
import { defineRoute, json } from "../route.js";
import { pageOf, pageQuery, pageReply } from "../schemas/parameters.js";

export const listPrincipals = defineRoute({
  name: "listPrincipals",
  method: "get",
  path: "/principals",
  tag: "principals",
  summary: "List principals",
  summary_zh: "查看主体列表",
  permission: "principals.list",
  query: pageQuery,
  responses: { 200: { description: "A page", schema: pageOf(principalView) } },
  handler: ({ deps, actor, query }) => json(200, pageReply(deps.catalog.principals.list(actor, query))),
});
