import { defineRoute, json } from "../route.js";
import { pageOf, pageQuery, pageReply } from "../schemas/parameters.js";
import { releaseView } from "../schemas/releases.js";

export const listReleases = defineRoute({
  name: "listReleases",
  method: "get",
  path: "/releases",
  tag: "releases",
  summary: "List the releases that concern one, the newest first",
  summary_zh: "查看相关放行列表",
  permission: "releases.read",
  query: pageQuery,
  responses: { 200: { description: "A page", schema: pageOf(releaseView) } },
  handler: ({ deps, actor, query }) => json(200, pageReply(deps.airlock.list(actor, query))),
});
