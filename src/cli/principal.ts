/** `glovebox principal`: who may use the node. */
import type { Command } from "commander";
import { addCommand, addGroup, type Terminal } from "./command.js";
import { readAll } from "./paged.js";
import { moment, table } from "./terminal.js";

interface Principal {
  id: string;
  name: string;
  roles: string[];
  public_keys: string[];
  created_at: string;
  revoked_at?: string;
}

export function addPrincipal(program: Command, terminal: Terminal): void {
  const group = addGroup(program, terminal, {
    name: "principal",
    about: ["Who may use the node", "主体管理"],
    example: "glovebox principal add lin --role researcher",
  });
  addCommand<{ role: string[]; publicKey?: string }>(group, terminal, {
    usage: "add <name>",
    about: ["Add a principal; its token is shown this once", "新增主体（令牌仅显示一次）"],
    example: "glovebox principal add lin --role researcher",
    flags: (command) =>
      command
        .requiredOption("--role <role...>", "researcher, operator, auditor, owner or admin")
        .option("--public-key <base64>", "a reviewer's Ed25519 key"),
    async act(context, [name], { role, publicKey }) {
      const added = await context.client().post<Principal & { token: string }>("/api/v1/principals", {
        name,
        roles: role,
        public_key: publicKey,
      });
      return {
        json: added,
        text: () =>
          context.say(
            `Added ${added.name} (${added.roles.join(", ")}). Its token, shown this once:\n${added.token}`,
            `已新增 ${added.name}（${added.roles.join("、")}）。令牌仅显示这一次：\n${added.token}`,
          ),
      };
    },
  });
  addCommand(group, terminal, {
    usage: "list",
    about: ["List principals", "主体列表"],
    example: "glovebox principal list --json",
    async act(context) {
      const items = await readAll<Principal>(context.client(), "/api/v1/principals");
      const heads = [
        ["name", "名称"],
        ["roles", "角色"],
        ["since", "加入时间"],
        ["revoked", "撤销时间"],
        ["id", "编号"],
      ] as const;
      const rows = items.map((p) => [
        p.name,
        p.roles.join(", "),
        moment(p.created_at),
        moment(p.revoked_at),
        p.id,
      ]);
      return { json: { items }, text: () => table(context.language, heads, rows) };
    },
  });
  addCommand(group, terminal, {
    usage: "revoke <name>",
    about: ["Revoke a principal: its tokens end, its jobs stop", "撤销主体：令牌失效，任务停止"],
    example: "glovebox principal revoke lin",
    async act(context, [name]) {
      const path = `/api/v1/principals/${encodeURIComponent(name!)}/revoke`;
      const revoked = await context.client().post<Principal>(path);
      return {
        json: revoked,
        text: () => context.say(`Revoked ${revoked.name}.`, `已撤销 ${revoked.name}。`),
      };
    },
  });
}
