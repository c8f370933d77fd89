/** `glovebox login`: keeps address and token; makes and registers a reviewer's signing key. */
import type { Command } from "commander";
import { Client } from "./client.js";
import { addCommand, type Context, type Terminal } from "./command.js";
import { Usage } from "./failure.js";
import { ensureSigningKey, writeProfile } from "./profile.js";
import { requireUrl } from "./settings.js";

interface Me {
  id: string;
  name: string;
  roles: string[];
  public_keys: string[];
}

export function addLogin(program: Command, terminal: Terminal): void {
  addCommand(program, terminal, {
    usage: "login",
    about: ["Keep a node's address and your token", "登录：保存节点地址与令牌"],
    example: "glovebox login --url http://127.0.0.1:4100 --token T",
    act: login,
  });
}

async function login(context: Context) {
  const { settings } = context;
  const url = requireUrl(settings.url);
  const { token } = settings;
  if (!token) {
    throw new Usage(
      "A token is needed: --token T, or GLOVEBOX_TOKEN.",
      "需要令牌：--token T 或 GLOVEBOX_TOKEN。",
    );
  }
  const client = new Client(url, token);
  const me = await client.get<Me>("/api/v1/me");
  const publicKey = me.roles.includes("auditor") ? await registerKey(client, settings.profileDir) : undefined;
  writeProfile(settings.profileDir, { url: url.href.replace(/\/$/, ""), token, principal: me.name });
  return {
    json: { principal: me.name, id: me.id, roles: me.roles, url: url.origin, public_key: publicKey },
    text: () => {
      const lines = [
        context.say(
          `Logged in to ${url.origin} as ${me.name} (${me.roles.join(", ")}).`,
          `已登录 ${url.origin}，身份：${me.name}（${me.roles.join("、")}）。`,
        ),
      ];
      if (publicKey) {
        lines.push(
          context.say(
            `Reviews are signed with the key ${publicKey}; it is kept in ${settings.profileDir} and never sent.`,
            `审核签名公钥 ${publicKey}；私钥保存在 ${settings.profileDir}，不会发送。`,
          ),
        );
      }
      return lines.join("\n");
    },
  };
}

/** Makes the profile's key where there is none, and tells the node of it. */
export async function registerKey(client: Client, dir: string): Promise<string> {
  const { publicKey } = ensureSigningKey(dir);
  const me = await client.get<Me>("/api/v1/me");
  if (!me.public_keys.includes(publicKey)) await client.put("/api/v1/me/key", { public_key: publicKey });
  return publicKey;
}
