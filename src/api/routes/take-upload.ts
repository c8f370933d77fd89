import { contentInfo, contentQuery, readOptionsOf } from "../../catalog/index.js";
import { defineRoute, json } from "../route.js";
import { idParams } from "../schemas/parameters.js";

export const takeUpload = defineRoute({
  name: "takeUpload",
  method: "post",
  path: "/uploads/{id}/content",
  tag: "datasets",
  summary:
    "Attach a complete upload as a new version, as PUT …/content does; asked again, the same answer, and refused, again under other options",
  summary_zh: "将已上传内容导入为新版本（可重复调用）",
  permission: "datasets.change",
  params: idParams,
  query: contentQuery,
  responses: { 200: { description: "The new version", schema: contentInfo } },
  errors: ["not_found", "state_conflict", "too_large", "engine_unavailable", "insufficient_storage"],
  async handler({ deps, actor, params, query }) {
    return json(200, await deps.catalog.uploads.take(actor, params.id, readOptionsOf(query)));
  },
});
