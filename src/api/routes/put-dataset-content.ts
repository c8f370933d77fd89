import { contentInfo } from "../../catalog/index.js";
import { defineRoute, json } from "../route.js";
import { nameParams } from "../schemas/parameters.js";

export const putDatasetContent = defineRoute({
  name: "putDatasetContent",
  method: "put",
  path: "/datasets/{name}/content",
  tag: "datasets",
  summary: "Attach a new version: the content is streamed in, typed and encrypted",
  summary_zh: "上传数据新版本（流式、加密）",
  permission: "datasets.change",
  params: nameParams,
  streamed: { media: ["text/csv"], description: "RFC 4180, UTF-8, the first line names the columns" },
  responses: { 200: { description: "The new version", schema: contentInfo } },
  errors: ["not_found", "state_conflict", "too_large", "engine_unavailable"],
  async handler({ deps, actor, params, request }) {
    return json(200, await deps.catalog.datasets.putContent(actor, params.name, request, "text/csv"));
  },
});
