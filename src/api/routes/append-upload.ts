import { defineRoute } from "../route.js";
import { idParams } from "../schemas/parameters.js";
import { checksumIn, offsetIn, PART_HEADERS, PART_MEDIA, received, requireTus, TUS_ANSWERS } from "../tus.js";

export const appendUpload = defineRoute({
  name: "appendUpload",
  method: "patch",
  path: "/uploads/{id}",
  tag: "datasets",
  summary: "Send a part, or all that is left; what comes is kept, encrypted, also when it breaks off",
  summary_zh: "续传数据",
  permission: "datasets.change",
  params: idParams,
  headers: PART_HEADERS,
  answers: TUS_ANSWERS,
  streamed: { media: [PART_MEDIA], description: "Bytes from Upload-Offset on" },
  responses: { 204: { description: "Upload-Offset is where the upload is now" } },
  errors: [
    "not_found",
    "state_conflict",
    "too_large",
    "protocol_unsupported",
    "checksum_mismatch",
    "insufficient_storage",
  ],
  async handler({ deps, actor, params, request }) {
    requireTus(request);
    const { uploads } = deps.catalog;
    return received(await uploads.append(actor, params.id, offsetIn(request), request, checksumIn(request)));
  },
});
