/** Collaborations as people read them. */
import type { Context, Outcome } from "./command.js";
import type { Language } from "./settings.js";
import { moment, plain, sheet, table } from "./terminal.js";

export interface Domain {
  name: string;
  key: string;
  fingerprint: string;
}

export interface Collaboration {
  id: string;
  spec: {
    name: string;
    purpose: string;
    participants: { name: string; key: string }[];
    recipients: string[];
    columns: { name: string; type: string }[];
    threshold: number;
    max_rounds: number;
    expires_at: string;
    privacy?: { rows_per_unit: number; epsilon: string; delta: string; rho: string; honest?: number };
  };
  spec_sha256: string;
  state: string;
  role: string;
  joined: string[];
  stopped?: { why: string; by?: string; note?: string };
  away?: string[];
  fingerprints: Record<string, string>;
  dataset?: string;
  rounds: number;
  noise?: { spent_rho: string; left_rho: string; charges: number };
}

export interface Round {
  round: number;
  state: string;
  job?: string;
  withheld?: boolean;
  result?: string;
  refused_by?: string;
  reason?: string;
  privacy?: { epsilon: string; delta: string };
  charges?: string[];
}

export interface Peer {
  name: string;
  key: string;
  fingerprint: string;
  state: string;
  successor?: string;
  reason?: string;
  pinned_at: string;
  ended_at?: string;
}

export const collaborationPath = (id: string): string => `/api/v1/collaborations/${encodeURIComponent(id)}`;
export const roundPath = (id: string, round: number): string => `${collaborationPath(id)}/rounds/${round}`;

export function domainSheet(language: Language, domain: Domain): string {
  return sheet(language, [
    [["name", "名称"], domain.name],
    [["key", "公钥"], domain.key],
    [["fingerprint", "指纹"], domain.fingerprint],
  ]);
}

export function peerTable(language: Language, items: readonly Peer[]): string {
  const heads = [
    ["name", "名称"],
    ["fingerprint", "指纹"],
    ["state", "状态"],
    ["since", "始于"],
  ] as const;
  return table(
    language,
    heads,
    items.map((p) => [p.name, p.fingerprint, p.state, moment(p.ended_at ?? p.pinned_at)]),
  );
}

export function peerSheet(language: Language, peer: Peer): string {
  return sheet(language, [
    [["name", "名称"], peer.name],
    [["key", "公钥"], peer.key],
    [["fingerprint", "指纹"], peer.fingerprint],
    [["state", "状态"], peer.state],
    [["reason", "原因"], peer.reason ?? "—"],
  ]);
}

export function collaborationTable(language: Language, items: readonly Collaboration[]): string {
  const heads = [
    ["id", "编号"],
    ["state", "状态"],
    ["name", "名称"],
    ["role", "角色"],
    ["joined", "已加入"],
    ["rounds", "轮次"],
  ] as const;
  const rows = items.map((c) => [
    c.id,
    c.state,
    c.spec.name,
    c.role,
    `${c.joined.length} / ${c.spec.participants.length}`,
    String(c.rounds),
  ]);
  return table(language, heads, rows);
}

export const sheetOf = (context: Context, c: Collaboration): Outcome => ({
  json: c,
  text: () => collaborationSheet(context.language, c),
});

/** Why it goes on no more: a word of the table of stops, whose doing it was, what its operator wrote. */
const stoppedLine = ({ why, by, note }: NonNullable<Collaboration["stopped"]>): string =>
  [why, by, note].filter((part) => part !== undefined).join(" · ");

function collaborationSheet(language: Language, c: Collaboration): string {
  const who = c.spec.participants.map(({ name }) => (c.joined.includes(name) ? name : `${name} (…)`));
  return sheet(language, [
    [["id", "编号"], c.id],
    [["name", "名称"], c.spec.name],
    [["purpose", "目的"], c.spec.purpose],
    [["state", "状态"], c.state],
    [["because", "原因"], c.stopped && stoppedLine(c.stopped)],
    [["role", "角色"], c.role],
    [["participants", "参与方"], who.join(", ")],
    [["away", "已暂停方"], c.away?.join(", ")],
    ...Object.entries(c.fingerprints).map(
      ([name, print]) => [["fingerprint", "公钥指纹"], `${print}  ${name}`] as const,
    ),
    [["recipients", "结果接收方"], c.spec.recipients.join(", ")],
    [["columns", "数据项"], c.spec.columns.map(({ name, type }) => `${name} ${type}`).join(", ")],
    [["threshold", "最小频数"], c.spec.threshold],
    [["dataset", "数据资源"], c.dataset ?? "—"],
    [["rounds", "轮次"], `${c.rounds} / ${c.spec.max_rounds}`],
    ...noiseRows(c),
    [["until", "有效期至"], moment(c.spec.expires_at)],
    [["spec (for the grant)", "规约哈希（用于授权）"], c.spec_sha256],
  ]);
}

/** Where results have noise: what one may cost, and what this domain has paid. */
function noiseRows({ spec: { privacy }, noise }: Collaboration): [[string, string], string][] {
  if (privacy === undefined || noise === undefined) return [];
  return [
    [["noise, a round", "噪声（每轮）"], `ε ${privacy.epsilon}, δ ${privacy.delta}`],
    [["rows of a unit", "每单元行数"], String(privacy.rows_per_unit)],
    [["budget ρ", "隐私预算 ρ"], `${noise.spent_rho} / ${privacy.rho} (${noise.left_rho})`],
  ];
}

export function roundLines(context: Context, round: Round): string {
  const { say } = context;
  const lines = [say(`Round ${round.round}: ${round.state}.`, `第 ${round.round} 轮：${round.state}。`)];
  if (round.refused_by !== undefined)
    lines.push(
      say(
        `Refused by ${round.refused_by}: ${round.reason}.`,
        `被 ${round.refused_by} 拒绝：${round.reason}。`,
      ),
    );
  if (round.privacy !== undefined && round.charges !== undefined && round.charges.length > 0)
    lines.push(
      say(
        `With noise, ε ${round.privacy.epsilon} and δ ${round.privacy.delta}; charged here: ${round.charges.join(", ")}.`,
        `含噪声（ε ${round.privacy.epsilon}，δ ${round.privacy.delta}）；本域扣费：${round.charges.join("、")}。`,
      ),
    );
  if (round.withheld)
    lines.push(
      say(
        "Consent had ended when the result was there: nobody is shown it.",
        "结果产生时授权已终止，不向任何人展示。",
      ),
    );
  if (round.result !== undefined) lines.push("", ...round.result.trimEnd().split("\n").map(plain));
  return lines.join("\n");
}
