import { datasetInput, datasetView } from "../../catalog/index.js";
import { defineRoute, json } from "../route.js";

export const createDataset = defineRoute({
  name: "createDataset",
  method: "post",
  path: "/datasets",
  tag: "datasets",
  summary: "Register a dataset; it begins as a draft",
  summary_zh: "登记数据资源",
  permission: "datasets.create",
  body: datasetInput,
  bodyLimit: 8 << 20,
  responses: { 201: { description: "Registered", schema: datasetView } },
  errors: ["state_conflict"],
  idempotent: {
    makes: "dataset",
    reread({ deps, actor }, subject) {
      const dataset = deps.catalog.datasets.get(actor, subject);
      return json(201, dataset, { etag: dataset.rev, subject });
    },
  },
  handler({ deps, actor, body }) {
    const dataset = deps.catalog.datasets.create(actor, body);
    const location = `/api/v1/datasets/${encodeURIComponent(dataset.name)}`;
    return json(201, dataset, { etag: dataset.rev, location, subject: dataset.id });
  },
});
