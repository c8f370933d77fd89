import { z } from "zod";
import { ROLES } from "../../vocabulary/index.js";
import { PERMISSIONS, permissionsOf } from "../permissions.js";
import { defineRoute, json } from "../route.js";

const me = z
  .strictObject({
    id: z.string(),
    name: z.string(),
    roles: z.array(z.enum(ROLES)),
    public_keys: z.array(z.string()).describe("Keys that this principal's reviews may be signed with"),
    may: z.array(z.strictObject({ permission: z.string(), may: z.string(), may_zh: z.string() })),
  })
  .meta({ id: "Me", description: "Who the caller is and what it may do" });

export const getMe = defineRoute({
  name: "getMe",
  method: "get",
  path: "/me",
  tag: "principals",
  summary: "Who am I, what may I do",
  summary_zh: "本人身份与权限",
  permission: "me.read",
  responses: { 200: { description: "The caller", schema: me } },
  handler({ deps, actor }) {
    const may = permissionsOf(actor.roles).map((permission) => ({
      permission,
      may: PERMISSIONS[permission].may,
      may_zh: PERMISSIONS[permission].may_zh,
    }));
    const publicKeys = deps.catalog.principals.keys(actor.id);
    return json(200, { id: actor.id, name: actor.name, roles: actor.roles, public_keys: publicKeys, may });
  },
});
