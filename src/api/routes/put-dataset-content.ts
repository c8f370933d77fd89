import { CONTENT_MEDIA, contentInfo, contentQuery, readOptionsOf } from "../../catalog/index.js";
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
  query: contentQuery,
  streamed: {
    media: Object.keys(CONTENT_MEDIA),
    description:
      "CSV, JSON lines, a workbook or Parquet; gzip or a zip of one such file. How it is written is found out, shown in `file`, and can be declared in the query",
  },
  responses: { 200: { description: "The new version", schema: contentInfo } },
  errors: ["not_found", "state_conflict", "too_large", "engine_unavailable"],
  async handler({ deps, actor, params, query, request }) {
    const media = request.headers["content-type"] ?? "";
    const { datasets } = deps.catalog;
    return json(200, await datasets.putContent(actor, params.name, request, media, readOptionsOf(query)));
  },
});
