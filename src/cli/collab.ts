/** `glovebox collab`: computing with other domains, from a proposal to a statistic over all of them. */
import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { addMembership } from "./collab-members.js";
import { followRound, type ResultFlags, shown } from "./collab-result.js";
import { type StatFlags, statFlags, statOf } from "./collab-stat.js";
import {
  type Collaboration,
  collaborationPath,
  collaborationTable,
  type Domain,
  domainSheet,
  type Round,
  sheetOf,
} from "./collab-view.js";
import { addCommand, addGroup, many, type Terminal } from "./command.js";
import { Usage } from "./failure.js";
import { readAll } from "./paged.js";

interface AskFlags extends StatFlags, ResultFlags {
  epsilon?: string;
  delta?: string;
  without?: string[];
}

const WHY = "ask for the release of the result, with this justification for its reviewers";

export function addCollab(program: Command, terminal: Terminal): void {
  const group = addGroup(program, terminal, {
    name: "collab",
    about: ["Computing with other domains", "跨域协作"],
    example: "glovebox collab list",
  });
  addReading(group, terminal);
  addTakingPart(group, terminal);
  addMembership(group, terminal);
  addStatistics(group, terminal);
}

function addReading(group: Command, terminal: Terminal): void {
  addCommand(group, terminal, {
    usage: "domain",
    about: ["Who this node is to others: name, key, fingerprint", "本域名称、公钥与指纹"],
    example: "glovebox collab domain",
    async act(context) {
      const domain = await context.client().get<Domain>("/api/v1/domain");
      return { json: domain, text: () => domainSheet(context.language, domain) };
    },
  });
  addCommand(group, terminal, {
    usage: "list",
    about: ["List collaborations", "跨域协作列表"],
    example: "glovebox collab list",
    async act(context) {
      const items = await readAll<Collaboration>(context.client(), "/api/v1/collaborations");
      return { json: { items }, text: () => collaborationTable(context.language, items) };
    },
  });
  addCommand(group, terminal, {
    usage: "show <id>",
    about: ["Show a collaboration: who takes part, and what was agreed on", "查看跨域协作"],
    example: "glovebox collab show clb_01K…",
    async act(context, [id]) {
      return sheetOf(context, await context.client().get<Collaboration>(collaborationPath(id!)));
    },
  });
}

function addTakingPart(group: Command, terminal: Terminal): void {
  addCommand(group, terminal, {
    usage: "propose <spec>",
    about: ["Propose a collaboration from a JSON file; this node becomes its coordinator", "发起跨域协作"],
    example: "glovebox collab propose mortality.json",
    async act(context, [file]) {
      const made = await context.client().post<Collaboration>("/api/v1/collaborations", specIn(file!));
      return sheetOf(context, made);
    },
  });
  addCommand<{ board: string; coordinator: string; peer?: string[] }>(group, terminal, {
    usage: "accept <id>",
    about: ["Fetch a collaboration that this domain is named in, from its coordinator", "接收协作邀请"],
    example: "glovebox collab accept clb_01K… --board https://coordinator:4100 --coordinator KEY",
    flags: (command) =>
      command
        .requiredOption("--board <url>", "where the coordinator serves")
        .requiredOption("--coordinator <key>", "the coordinator's key, as its operator told you")
        .option("--peer <name=fingerprint...>", "what another domain's operator read out to you", many),
    async act(context, [id], { board, coordinator, peer = [] }) {
      const peers = peersOf(peer);
      const invitation = { id, url: board, coordinator, ...(peer.length === 0 ? {} : { peers }) };
      return sheetOf(
        context,
        await context.client().post<Collaboration>("/api/v1/collaborations/invitations", invitation),
      );
    },
  });
  addCommand<{ dataset: string }>(group, terminal, {
    usage: "join <id>",
    about: ["Take part with a dataset, under its owner's grant that names the spec", "以数据资源加入协作"],
    example: "glovebox collab join clb_01K… --dataset records",
    flags: (command) => command.requiredOption("--dataset <name>", "what takes part"),
    async act(context, [id], { dataset }) {
      const path = `${collaborationPath(id!)}/join`;
      return sheetOf(context, await context.client().post<Collaboration>(path, { dataset }));
    },
  });
}

function addStatistics(group: Command, terminal: Terminal): void {
  addCommand<AskFlags>(group, terminal, {
    usage: "stat <id>",
    about: [
      "Ask for a table, a model or survival curves over all domains",
      "请求跨域统计：表格、模型或生存曲线",
    ],
    example: "glovebox collab stat clb_01K… --rows sex --cols death --values kappa --agg mean --wait",
    flags: (command) =>
      statFlags(command)
        .option("--epsilon <e>", "what the answer may reveal of any one person; where results have noise")
        .option("--delta <d>", "at which δ; 1e-6")
        .option("--without <domain...>", "do not ask these, where the spec allows fewer", many)
        .option("--wait", "wait for the result; where the owner lets it out without people, show it")
        .option("--why <text>", WHY),
    async act(context, [id], flags) {
      const statistic = statOf(flags);
      const path = `${collaborationPath(id!)}/rounds`;
      const round = await context.client().post<Round>(path, {
        statistic,
        ...termsIn(flags),
        ...(flags.without === undefined ? {} : { without: flags.without }),
      });
      return flags.wait ? followRound(context, id!, round.round, flags) : shown(context, id!, { round });
    },
  });
  addCommand<ResultFlags>(group, terminal, {
    usage: "result <id> <round>",
    about: [
      "Show a round and, at a recipient, what became of its result: the job, and the file once it was released",
      "查看跨域统计：结果所在任务，放行后显示结果",
    ],
    example: "glovebox collab result clb_01K… 1",
    flags: (command) => command.option("--wait", "wait until it is over").option("--why <text>", WHY),
    async act(context, [id, round], flags) {
      if (!/^\d{1,6}$/.test(round!)) throw new Usage("A round is a number.", "轮次须为数字。");
      return followRound(context, id!, Number(round), flags);
    },
  });
}

const DELTA = "1e-6";

/** Of an answer with noise. */
function termsIn({ epsilon, delta }: AskFlags): { privacy?: { epsilon: string; delta: string } } {
  if (epsilon !== undefined) return { privacy: { epsilon, delta: delta ?? DELTA } };
  if (delta !== undefined) throw new Usage("--delta goes with --epsilon.", "--delta 须与 --epsilon 同用。");
  return {};
}

function peersOf(told: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    told.map((one) => {
      const at = one.lastIndexOf("=");
      if (at < 1)
        throw new Usage("--peer is a name and a fingerprint: hospital=1234-…", "--peer 须为 名称=指纹。");
      return [one.slice(0, at), one.slice(at + 1)];
    }),
  );
}

function specIn(file: string): object {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    throw new Usage(`${file} cannot be read.`, `无法读取 ${file}。`);
  }
  try {
    return JSON.parse(text) as object;
  } catch {
    throw new Usage(`${file} is not JSON.`, `${file} 不是 JSON。`);
  }
}
