/** `glovebox grant`: who may work on what, for which purpose, until when. */
import type { Command } from "commander";
import { addCommand, addGroup, type Context, type Terminal } from "./command.js";
import { Usage } from "./failure.js";
import { readAll } from "./paged.js";
import { moment, table } from "./terminal.js";

export interface Grant {
  id: string;
  principal: string;
  dataset: string;
  purpose: string;
  access: string;
  state: string;
  signal_bits_left: number | null;
  expires_at: string;
}

interface CreateFlags {
  dataset: string;
  principal?: string;
  purpose: string;
  access: string;
  expires: string;
  rho?: string;
  delta?: string;
  signalBits?: string;
  kind?: string[];
  drop?: string[];
  collaboration?: string;
}

export function addGrant(program: Command, terminal: Terminal): void {
  const group = addGroup(program, terminal, {
    name: "grant",
    about: ["Who may work on what", "授权"],
    example: "glovebox grant list",
  });
  addCommand<CreateFlags>(group, terminal, {
    usage: "request",
    about: ["Request a grant from a dataset's owner", "申请授权"],
    example: 'glovebox grant request --dataset flchain --purpose "mortality by kappa" --expires 30d',
    flags: createFlags,
    act: (context, _args, flags) => create(context, flags),
  });
  addCommand<CreateFlags>(group, terminal, {
    usage: "add",
    about: ["Give a grant on your own dataset", "授予授权"],
    example: 'glovebox grant add --principal lin --dataset flchain --purpose "mortality by kappa"',
    flags: createFlags,
    act: (context, _args, flags) => create(context, flags),
  });
  for (const [step, about, about_zh] of [
    ["approve", "Approve a requested grant", "批准授权"],
    ["refuse", "Refuse a requested grant", "拒绝授权"],
    ["revoke", "Revoke a grant: its jobs stop", "撤销授权，相关任务停止"],
  ] as const) {
    addCommand(group, terminal, {
      usage: `${step} <id>`,
      about: [about, about_zh],
      example: `glovebox grant ${step} grt_01K…`,
      async act(context, [id]) {
        const grant = await context.client().post<Grant>(`/api/v1/grants/${encodeURIComponent(id!)}/${step}`);
        return { json: grant, text: () => sentence(context, grant) };
      },
    });
  }
  addCommand(group, terminal, {
    usage: "list",
    about: ["List the grants that concern you", "相关授权列表"],
    example: "glovebox grant list",
    async act(context) {
      const items = await readAll<Grant>(context.client(), "/api/v1/grants");
      return { json: { items }, text: () => grantTable(context, items) };
    },
  });
}

function createFlags(command: Command): void {
  command
    .requiredOption("--dataset <name>", "on which dataset")
    .requiredOption("--purpose <text>", "what for, in words that an auditor can judge by")
    .option("--principal <name>", "for whom (yourself)")
    .option("--access <mode>", "synthetic, masked, query or sandbox", "sandbox")
    .option("--expires <when>", "days (30d) or a date", "30d")
    .option("--rho <rho>", "share of the dataset's privacy budget")
    .option("--delta <delta>", "share of the dataset's δ")
    .option("--signal-bits <n>", "signal allowance")
    .option("--kind <kind...>", "kinds of job it covers")
    .option("--drop <column...>", "columns that its View leaves out")
    .option("--collaboration <sha256>", "for this one collaboration, by its spec's hash, and nothing else");
}

async function create(context: Context, flags: CreateFlags) {
  const grant = await context.client().post<Grant>("/api/v1/grants", {
    principal: flags.principal,
    dataset: flags.dataset,
    purpose: flags.purpose,
    access: flags.access,
    expires_at: expiry(flags.expires, Date.now()),
    rho: flags.rho,
    delta: flags.delta,
    signal_bits: flags.signalBits === undefined ? undefined : Number(flags.signalBits),
    job_kinds: flags.kind,
    constraints: constraintsOf(flags),
  });
  return { json: grant, text: () => sentence(context, grant) };
}

function constraintsOf({ drop, collaboration }: CreateFlags) {
  if (drop === undefined && collaboration === undefined) return undefined;
  return { drop_columns: drop, collaboration };
}

/** `30d`, or any date that says its day. @throws Usage */
export function expiry(text: string, now: number): string {
  const days = /^(\d{1,4})d$/.exec(text);
  if (days) return new Date(now + Number(days[1]) * 86_400_000).toISOString();
  const at = Date.parse(text);
  if (Number.isNaN(at)) {
    throw new Usage(
      "--expires takes days (30d) or a date (2027-01-31).",
      "--expires 须为天数（30d）或日期（2027-01-31）。",
    );
  }
  return new Date(at).toISOString();
}

function sentence(context: Context, g: Grant): string {
  const until = moment(g.expires_at);
  return context.say(
    `${g.id} is ${g.state}: ${g.principal} on ${g.dataset}, ${g.access}, until ${until}.`,
    `${g.id} 状态 ${g.state}：${g.principal} → ${g.dataset}，${g.access}，有效期至 ${until}。`,
  );
}

function grantTable(context: Context, items: readonly Grant[]): string {
  const heads = [
    ["id", "编号"],
    ["state", "状态"],
    ["principal", "主体"],
    ["dataset", "数据资源"],
    ["access", "方式"],
    ["until", "有效期至"],
    ["purpose", "目的"],
  ] as const;
  const rows = items.map((g) => [
    g.id,
    g.state,
    g.principal,
    g.dataset,
    g.access,
    moment(g.expires_at),
    g.purpose,
  ]);
  return table(context.language, heads, rows);
}
