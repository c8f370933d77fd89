import { datasetView } from "../../catalog/index.js";
import { defineRoute, json } from "../route.js";
import { emptyBody, nameParams } from "../schemas/parameters.js";

export const retireDataset = defineRoute({
  name: "retireDataset",
  method: "post",
  path: "/datasets/{name}/retire",
  tag: "datasets",
  summary: "Retire a dataset for good",
  summary_zh: "注销数据资源",
  permission: "datasets.change",
  params: nameParams,
  body: emptyBody,
  conditional: true,
  responses: { 200: { description: "Retired", schema: datasetView } },
  errors: ["not_found", "state_conflict", "stale"],
  handler({ deps, actor, params, ifMatch }) {
    const dataset = deps.catalog.datasets.retire(actor, params.name, ifMatch);
    return json(200, dataset, { etag: dataset.rev });
  },
});
