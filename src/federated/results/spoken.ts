/** What a paper of a result over domains proves and what it does not, in plain sentences. */
import type { Sentence } from "../../airlock/index.js";
import type { Note } from "../../ledger/index.js";
import type { Paper } from "./paper.js";
import type { LogOf } from "./witnessed.js";

export interface ShownLedger {
  name: string;
  log: LogOf;
  head: Note;
  cosigners: string[];
}

/** A paper in which nothing is wrong. */
export interface Checked {
  hash: string;
  contributors: string[];
  transcripts: string[];
  ledgers: ShownLedger[];
  missing: string[];
  /** Whose log the bundle is of. */
  issuer: string;
}

const say = (en: string, zh: string): Sentence => ({ en, zh });

export function spokenOf(paper: Paper, checked: Checked): { proves: Sentence[]; not_proven: Sentence[] } {
  const all = paper.spec.participants.map((p) => p.name).join(", ");
  const over = checked.contributors.join(", ");
  const rounds = paper.rounds.map((r) => r.round).join(", ");
  const others = checked.contributors.length - 1;
  return {
    proves: [
      say(
        `Each of ${all} joined the collaboration ${paper.collaboration} with a signed message that names its spec, ${checked.hash}.`,
        `${all} 各以签名消息加入协作 ${paper.collaboration}，并写明规约哈希 ${checked.hash}。`,
      ),
      say(
        `Each of ${over} signed the same list of keys and ciphertexts, for the question that this job is of, before it gave its share (round ${rounds}: ${checked.transcripts.join(", ")}).`,
        `${over} 在给出解密份额之前，就本任务的问题签署了同一份密钥与密文清单（第 ${rounds} 轮：${checked.transcripts.join("、")}）。`,
      ),
      ...checked.ledgers.map((ledger) => spokenLedger(ledger, others, checked.issuer)),
    ],
    not_proven: [
      ...checked.missing.map((name) =>
        say(
          `What the log of ${name} says: it showed nothing that holds, or not in time.`,
          `${name} 账本的内容：其未出示有效记录，或未及时出示。`,
        ),
      ),
      say(
        "That the domains' keys are those of the organisations named: compare the fingerprints with what their operators say.",
        "各域公钥确属所列机构：请与其运营人员核对指纹。",
      ),
      say(
        "That what each domain put in is what its data say: nobody but the domain sees that.",
        "各域提交的数值与其数据相符：除该域外无人可见。",
      ),
      say(
        "That the figures are what the listed ciphertexts add up to: they open for recipients alone, and this recipient's node states it.",
        "这些数值确为清单所列密文之和：密文仅结果接收方可解，由该接收方节点声明。",
      ),
    ],
  };
}

function spokenLedger({ name, log, head, cosigners }: ShownLedger, others: number, issuer: string): Sentence {
  const [by, by_zh] =
    cosigners.length === 0 ? ["", ""] : [`: ${cosigners.join(", ")}`, `：${cosigners.join("、")}`];
  const [on, on_zh] =
    name === issuer ? ["; the head of this bundle goes on from it", "；本证据包的检查点为其延续"] : ["", ""];
  return say(
    `The log ${log.origin} of ${name} says what it put in and that it gave its share, among its first ${head.size} entries; that head is cosigned by ${cosigners.length} of ${others} others${by}${on}.`,
    `${name} 的账本 ${log.origin} 前 ${head.size} 条记录载明其提交内容与给出的份额；该检查点由其他 ${others} 方中的 ${cosigners.length} 方联署${by_zh}${on_zh}。`,
  );
}
