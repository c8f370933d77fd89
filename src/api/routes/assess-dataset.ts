import { assessInput, datasetView } from "../../catalog/index.js";
import { defineRoute, json } from "../route.js";
import { nameParams } from "../schemas/parameters.js";

export const assessDataset = defineRoute({
  name: "assessDataset",
  method: "post",
  path: "/datasets/{name}/assess",
  tag: "datasets",
  summary: "Record the risk assessment; `{}` accepts what is proposed",
  summary_zh: "记录风险评估",
  permission: "datasets.change",
  params: nameParams,
  body: assessInput,
  conditional: true,
  responses: { 200: { description: "Assessed", schema: datasetView } },
  errors: ["not_found", "state_conflict", "stale"],
  handler({ deps, actor, params, body, ifMatch }) {
    const dataset = deps.catalog.datasets.assess(actor, params.name, body, ifMatch);
    return json(200, dataset, { etag: dataset.rev });
  },
});
