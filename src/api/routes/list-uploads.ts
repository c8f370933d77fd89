import { uploadView } from "../../catalog/index.js";
import { defineRoute, json } from "../route.js";
import { nameParams, pageOf, pageQuery, pageReply } from "../schemas/parameters.js";

export const listUploads = defineRoute({
  name: "listUploads",
  method: "get",
  path: "/datasets/{name}/uploads",
  tag: "datasets",
  summary: "One's own uploads to a dataset: unfinished, complete, and those that lately became a version",
  summary_zh: "查看本人的上传",
  permission: "datasets.change",
  params: nameParams,
  query: pageQuery,
  responses: { 200: { description: "A page of uploads", schema: pageOf(uploadView) } },
  errors: ["not_found"],
  handler: ({ deps, actor, params, query }) =>
    json(200, pageReply(deps.catalog.uploads.list(actor, params.name, query))),
});
