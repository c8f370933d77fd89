/** What a bundle proves and what it does not, in plain sentences. */
import type { Note } from "../../ledger/index.js";
import type { Links } from "./chain.js";
import type { Pin } from "./entries.js";
import type { Bundle } from "./files.js";
import type { Sentence } from "./report.js";

const say = (en: string, zh: string): Sentence => ({ en, zh });

export function provenBy(bundle: Bundle, links: Links, head: Note, pin: Pin): Sentence[] {
  const { job, receipt, reviews } = bundle;
  const files = [...bundle.outputs.keys()].join(", ");
  const data = job.datasets.map((d) => `${d.name} (${d.version})`).join(", ");
  const grants = links.grants.map((g) => `${g.opening.subject} (given by ${g.opening.actor})`).join(", ");
  const given = pin.key !== undefined;
  const key = receipt.log.public_key;
  return [
    say(
      `These files are, byte for byte, what release ${job.release.id} let out: ${files}.`,
      `这些文件与放行 ${job.release.id} 放出的内容逐字节一致：${files}。`,
    ),
    ...reviews.reviews.map((r) =>
      say(
        `The holder of the key ${r.public_key} (${r.reviewer.name}) signed an approval of exactly these files.`,
        `公钥 ${r.public_key}（${r.reviewer.name}）的持有人签署批准的正是这些文件。`,
      ),
    ),
    ...(reviews.policies ?? []).map(({ owner, public_key, statement }) =>
      say(
        `Released by the owner's recorded policy, not by two reviewers: the holder of the key ${public_key} (${owner.name}) signed, as number ${statement.number} for ${statement.dataset}, that tables which the node computed from claims of before the run, and whose checks all passed, go out up to grade ${statement.max_grade}.`,
        `依数据提供方记录的策略放行，未经两名审核员：公钥 ${public_key}（${owner.name}）的持有人以第 ${statement.number} 号签署，${statement.dataset} 中由节点按运行前声明计算且检查全部通过的表格，${statement.max_grade} 级及以下可自动放行。`,
      ),
    ),
    say(
      `The node stated in its log: run ${job.run.id} of job ${job.job.id}, submitted by ${job.job.principal.name} under ${grants}, read ${data} and put out these files.`,
      `节点在其账本中声明：${job.job.principal.name} 依授权 ${grants} 提交的任务 ${job.job.id}，其运行 ${job.run.id} 读取 ${data} 并产出这些文件。`,
    ),
    say(
      `The log ${receipt.log.origin} holds these statements among its first ${head.size} entries; their root is signed with ${given ? "the key that you gave" : "the key in the bundle"}, ${key}.`,
      `账本 ${receipt.log.origin} 的前 ${head.size} 条记录包含这些声明；其根哈希由${given ? "您给出的公钥" : "证据包内的公钥"} ${key} 签名。`,
    ),
  ];
}

export function notProvenBy(bundle: Bundle, head: Note, pin: Pin): Sentence[] {
  const { log } = bundle.receipt;
  const witnesses = head.signatures.filter((s) => s.name !== log.origin).length;
  return [
    ...(pin.key === undefined
      ? [
          say(
            `That ${log.public_key} is the key of ${log.origin}: compare it with what the domain publishes, or give --origin and --key.`,
            `${log.public_key} 确为 ${log.origin} 的公钥：请与该域公布的公钥核对，或给出 --origin 与 --key。`,
          ),
        ]
      : []),
    ...(bundle.reviews.policies === undefined
      ? [
          say(
            "That the reviewers' keys are those of the people named: compare them with what these people publish.",
            "审核员公钥确属所列人员：请与其公布的公钥核对。",
          ),
        ]
      : [
          say(
            "That a person looked at these files: by this policy none had to.",
            "有人看过这些文件：按该策略无须人工审核。",
          ),
          say(
            "That the owners' keys are those of the owners named: compare them with what these publish.",
            "数据提供方公钥确属所列人员：请与其公布的公钥核对。",
          ),
          say(
            "That the policy had not been replaced meanwhile: a later one would be a later entry of the log.",
            "该策略其间未被替换：新策略会是账本中更晚的记录。",
          ),
        ]),
    witnesses === 0
      ? say(
          "That the log shows everyone the same entries: no witness has cosigned this head.",
          "账本向所有人展示相同记录：尚无见证方联署该检查点。",
        )
      : say(
          `That the ${witnesses} further signatures on this head are of witnesses: their keys were not given.`,
          `该检查点上另外 ${witnesses} 个签名确属见证方：未给出其公钥。`,
        ),
    say(
      "That what the node stated is what happened: whoever controls its machine can read its data and invent a run.",
      "节点的声明与事实相符：控制其机器者可读取数据并虚构运行。",
    ),
  ];
}
