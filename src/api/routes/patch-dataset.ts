import { datasetPatch, datasetView } from "../../catalog/index.js";
import { defineRoute, json } from "../route.js";
import { nameParams } from "../schemas/parameters.js";

export const patchDataset = defineRoute({
  name: "patchDataset",
  method: "patch",
  path: "/datasets/{name}",
  tag: "datasets",
  summary: "Change what a dataset's entry says; name its auditors",
  summary_zh: "修改数据资源描述、指定审核员",
  permission: "datasets.change",
  params: nameParams,
  body: datasetPatch,
  bodyLimit: 8 << 20,
  conditional: true,
  responses: { 200: { description: "Changed", schema: datasetView } },
  errors: ["not_found", "state_conflict", "stale"],
  handler({ deps, actor, params, body, ifMatch }) {
    const dataset = deps.catalog.datasets.patch(actor, params.name, body, ifMatch);
    return json(200, dataset, { etag: dataset.rev });
  },
});
