import { datasetView } from "../../catalog/index.js";
import { defineRoute, json } from "../route.js";
import { emptyBody, nameParams } from "../schemas/parameters.js";

export const suspendDataset = defineRoute({
  name: "suspendDataset",
  method: "post",
  path: "/datasets/{name}/suspend",
  tag: "datasets",
  summary: "Suspend a dataset: nothing new starts on it, running jobs end",
  summary_zh: "暂停数据资源",
  permission: "datasets.change",
  params: nameParams,
  body: emptyBody,
  conditional: true,
  responses: { 200: { description: "Suspended", schema: datasetView } },
  errors: ["not_found", "state_conflict", "stale"],
  handler({ deps, actor, params, ifMatch }) {
    const dataset = deps.catalog.datasets.suspend(actor, params.name, ifMatch);
    return json(200, dataset, { etag: dataset.rev });
  },
});
