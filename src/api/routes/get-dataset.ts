import { datasetView } from "../../catalog/index.js";
import { defineRoute, json } from "../route.js";
import { nameParams } from "../schemas/parameters.js";

export const getDataset = defineRoute({
  name: "getDataset",
  method: "get",
  path: "/datasets/{name}",
  tag: "datasets",
  summary: "Read a dataset's entry: schema and grades, never values",
  summary_zh: "查看数据资源条目",
  permission: "datasets.read",
  params: nameParams,
  responses: { 200: { description: "The entry as the caller may see it", schema: datasetView } },
  errors: ["not_found"],
  handler({ deps, actor, params }) {
    const dataset = deps.catalog.datasets.get(actor, params.name);
    return json(200, dataset, { etag: dataset.rev });
  },
});
