import { defineRoute } from "../route.js";
import { idParams } from "../schemas/parameters.js";
import { requireTus, TUS_ANSWERS, VERSION_HEADER } from "../tus.js";

export const terminateUpload = defineRoute({
  name: "terminateUpload",
  method: "delete",
  path: "/uploads/{id}",
  tag: "datasets",
  summary: "Give an upload up; what was kept of it goes",
  summary_zh: "放弃上传",
  permission: "datasets.change",
  params: idParams,
  headers: VERSION_HEADER,
  answers: TUS_ANSWERS,
  responses: { 204: { description: "It is gone" } },
  errors: ["not_found", "state_conflict", "protocol_unsupported"],
  handler({ deps, actor, params, request }) {
    requireTus(request);
    deps.catalog.uploads.terminate(actor, params.id);
    return { kind: "json", status: 204, body: undefined };
  },
});
