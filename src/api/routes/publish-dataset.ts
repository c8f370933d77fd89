import { datasetView } from "../../catalog/index.js";
import { defineRoute, json } from "../route.js";
import { emptyBody, nameParams } from "../schemas/parameters.js";

export const publishDataset = defineRoute({
  name: "publishDataset",
  method: "post",
  path: "/datasets/{name}/publish",
  tag: "datasets",
  summary: "Publish a dataset: entry, assessment and a version must stand",
  summary_zh: "发布数据资源",
  permission: "datasets.change",
  params: nameParams,
  body: emptyBody,
  conditional: true,
  responses: { 200: { description: "Published", schema: datasetView } },
  errors: ["not_found", "state_conflict", "stale"],
  handler({ deps, actor, params, ifMatch }) {
    const dataset = deps.catalog.datasets.publish(actor, params.name, ifMatch);
    return json(200, dataset, { etag: dataset.rev });
  },
});
