import { uploadView } from "../../catalog/index.js";
import { defineRoute } from "../route.js";
import { idParams } from "../schemas/parameters.js";
import { requireTus, shown, TUS_ANSWERS, VERSION_HEADER } from "../tus.js";

export const getUpload = defineRoute({
  name: "getUpload",
  method: "get",
  path: "/uploads/{id}",
  tag: "datasets",
  summary: "How far an upload is; by HEAD, in the headers of tus alone",
  summary_zh: "查看上传进度",
  permission: "datasets.change",
  params: idParams,
  headers: VERSION_HEADER,
  answers: TUS_ANSWERS,
  responses: { 200: { description: "The upload; Upload-Offset is where to go on", schema: uploadView } },
  errors: ["not_found", "protocol_unsupported"],
  handler({ deps, actor, params, request }) {
    requireTus(request);
    const { uploads } = deps.catalog;
    return shown(uploads.get(actor, params.id), uploads.metadata(actor, params.id));
  },
});
