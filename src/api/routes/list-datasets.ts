import { datasetView } from "../../catalog/index.js";
import { defineRoute, json } from "../route.js";
import { pageOf, pageQuery, pageReply } from "../schemas/parameters.js";

export const listDatasets = defineRoute({
  name: "listDatasets",
  method: "get",
  path: "/datasets",
  tag: "datasets",
  summary: "List the catalogue: metadata, never values",
  summary_zh: "查看数据目录",
  permission: "datasets.read",
  query: pageQuery,
  responses: { 200: { description: "A page", schema: pageOf(datasetView) } },
  handler: ({ deps, actor, query }) => json(200, pageReply(deps.catalog.datasets.list(actor, query))),
});
