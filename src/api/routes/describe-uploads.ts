import { defineRoute } from "../route.js";
import { nameParams } from "../schemas/parameters.js";
import { abilities, TUS_ANSWERS } from "../tus.js";

export const describeUploads = defineRoute({
  name: "describeUploads",
  method: "options",
  path: "/datasets/{name}/uploads",
  tag: "datasets",
  summary: "What of the upload protocol is spoken: versions, extensions, the largest size, in headers",
  summary_zh: "查询上传协议能力",
  permission: "public",
  params: nameParams,
  answers: TUS_ANSWERS,
  responses: { 204: { description: "Tus-Version, Tus-Extension, Tus-Max-Size, Tus-Checksum-Algorithm" } },
  handler: ({ deps }) => abilities(deps.catalog.uploads.maxBytes),
});
