import { defineRoute } from "../route.js";
import { nameParams } from "../schemas/parameters.js";

export const getSynthetic = defineRoute({
  name: "getSynthetic",
  method: "get",
  path: "/datasets/{name}/synthetic",
  tag: "datasets",
  summary: "Download the synthetic twin, made from the schema and declared bounds alone",
  summary_zh: "下载合成数据",
  permission: "datasets.synthetic",
  params: nameParams,
  responses: { 200: { description: "CSV", media: ["text/csv"] } },
  errors: ["not_found", "state_conflict", "engine_unavailable"],
  async handler({ deps, actor, params }) {
    const stream = await deps.catalog.datasets.synthetic(actor, params.name);
    return { kind: "bytes", media: "text/csv; charset=utf-8", stream, name: `${params.name}.synthetic.csv` };
  },
});
