/** `glovebox collab suspend`, `resume`, `withdraw`, `end`, `peers`, `revoke`, `rotate`: who takes part, and under which key. */
import type { Command } from "commander";
import {
  type Collaboration,
  collaborationPath,
  type Domain,
  domainSheet,
  type Peer,
  peerSheet,
  peerTable,
  sheetOf,
} from "./collab-view.js";
import { addCommand, type Terminal } from "./command.js";

interface Why {
  why?: string;
}

type Move = "suspend" | "resume" | "withdraw" | "end";

const ABOUT: Record<Move, readonly [string, string]> = {
  suspend: ["Suspend this domain's part: nothing more is answered, and the others are told", "暂停本域参与"],
  resume: ["Go on with a suspended part, under the grant as it stands now", "恢复本域参与"],
  withdraw: ["Leave a collaboration: it ends for all", "退出协作"],
  end: ["End a collaboration that this node coordinates, for all", "结束本节点协调的协作"],
};

export function addMembership(group: Command, terminal: Terminal): void {
  for (const move of ["suspend", "resume", "withdraw", "end"] as const) addMove(group, terminal, move);
  addPeers(group, terminal);
}

function addMove(group: Command, terminal: Terminal, move: Move): void {
  addCommand<Why>(group, terminal, {
    usage: `${move} <id>`,
    about: ABOUT[move],
    example: `glovebox collab ${move} clb_01K…`,
    flags: (command) =>
      move === "resume" ? command : command.option("--why <text>", "for this domain's own ledger and people"),
    async act(context, [id], { why }) {
      const path = `${collaborationPath(id!)}/${move}`;
      const sent = why === undefined ? {} : { reason: why };
      return sheetOf(context, await context.client().post<Collaboration>(path, sent));
    },
  });
}

function addPeers(group: Command, terminal: Terminal): void {
  addCommand(group, terminal, {
    usage: "peers",
    about: ["Other domains' keys, as they are known here", "已知的其他域公钥"],
    example: "glovebox collab peers",
    async act(context) {
      const { items } = await context.client().get<{ items: Peer[] }>("/api/v1/peers");
      return { json: { items }, text: () => peerTable(context.language, items) };
    },
  });
  addCommand<{ why: string }>(group, terminal, {
    usage: "revoke <peer>",
    about: [
      "Take nothing more from another domain's key; what is done with it is suspended",
      "吊销其他域的公钥",
    ],
    example: "glovebox collab revoke hospital --why 'its key was stolen'",
    flags: (command) => command.requiredOption("--why <text>", "for the ledger"),
    async act(context, [peer], { why }) {
      const revoked = await context.client().post<Peer>("/api/v1/peers/revocations", { peer, reason: why });
      return { json: revoked, text: () => peerSheet(context.language, revoked) };
    },
  });
  addCommand(group, terminal, {
    usage: "rotate",
    about: [
      "Go on under a new identity key, signed by the old one; collaborations that name the old one end (admin)",
      "更换本域身份密钥（管理员）",
    ],
    example: "glovebox collab rotate",
    async act(context) {
      const domain = await context.client().post<Domain>("/api/v1/domain/rotate", {});
      return { json: domain, text: () => domainSheet(context.language, domain) };
    },
  });
}
