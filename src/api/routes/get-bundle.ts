import { defineRoute } from "../route.js";
import { idParams } from "../schemas/parameters.js";

export const getBundle = defineRoute({
  name: "getBundle",
  method: "get",
  path: "/releases/{id}/bundle",
  tag: "releases",
  summary: "Download the signed bundle of a release; `glovebox verify` checks it offline",
  summary_zh: "下载放行证据包",
  permission: "releases.read",
  params: idParams,
  responses: { 200: { description: "The bundle", media: ["application/zip"] } },
  errors: ["not_found", "forbidden", "state_conflict"],
  async handler({ deps, actor, params }) {
    const { stream, info } = await deps.airlock.bundle(actor, params.id);
    return { kind: "bytes", media: "application/zip", stream, bytes: info.bytes, name: `${params.id}.zip` };
  },
});
