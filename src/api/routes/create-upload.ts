import { uploadView } from "../../catalog/index.js";
import { defineRoute } from "../route.js";
import { nameParams } from "../schemas/parameters.js";
import { begun, CREATION_HEADERS, lengthIn, metadataIn, requireTus, TUS_ANSWERS } from "../tus.js";

export const createUpload = defineRoute({
  name: "createUpload",
  method: "post",
  path: "/datasets/{name}/uploads",
  tag: "datasets",
  summary: "Begin content that is sent in parts and goes on where it broke off (tus 1.0, creation)",
  summary_zh: "开始断点续传（tus 1.0）",
  permission: "datasets.change",
  params: nameParams,
  headers: CREATION_HEADERS,
  answers: TUS_ANSWERS,
  responses: { 201: { description: "The upload; `Location` is where its parts go", schema: uploadView } },
  errors: ["not_found", "state_conflict", "too_large", "protocol_unsupported", "insufficient_storage"],
  async handler({ deps, actor, params, request }) {
    requireTus(request);
    const { uploads } = deps.catalog;
    return begun(await uploads.begin(actor, params.name, lengthIn(request), metadataIn(request)));
  },
});
