import { grantView } from "../../catalog/index.js";
import { defineRoute, json } from "../route.js";
import { pageOf, pageQuery, pageReply } from "../schemas/parameters.js";

export const listGrants = defineRoute({
  name: "listGrants",
  method: "get",
  path: "/grants",
  tag: "grants",
  summary: "List the grants that concern one, the newest first",
  summary_zh: "查看相关授权列表",
  permission: "grants.read",
  query: pageQuery,
  responses: { 200: { description: "A page", schema: pageOf(grantView) } },
  handler: ({ deps, actor, query }) => json(200, pageReply(deps.catalog.grants.list(actor, query))),
});
