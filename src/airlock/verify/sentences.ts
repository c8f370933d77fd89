/** What a bundle proves and what it does not, in plain sentences. */
import type { Note } from "../../ledger/index.js";
import type { Links } from "./chain.js";
import type { Pin } from "./entries.js";
import type { Bundle } from "./files.js";

export function provenBy(bundle: Bundle, links: Links, head: Note, pin: Pin): string[] {
  const { job, receipt, reviews } = bundle;
  const files = [...bundle.outputs.keys()].join(", ");
  const data = job.datasets.map((d) => `${d.name} (${d.version})`).join(", ");
  const grants = links.grants.map((g) => `${g.opening.subject} (given by ${g.opening.actor})`).join(", ");
  const whose = pin.key === undefined ? "the key in the bundle" : "the key that you gave";
  return [
    `These files are, byte for byte, what release ${job.release.id} let out: ${files}.`,
    ...reviews.reviews.map(
      (r) =>
        `The holder of the key ${r.public_key} (${r.reviewer.name}) signed an approval of exactly these files.`,
    ),
    ...(reviews.policies ?? []).map(
      ({ owner, public_key, statement }) =>
        `Released by the owner's recorded policy, not by two reviewers: the holder of the key ${public_key} (${owner.name}) signed, as number ${statement.number} for ${statement.dataset}, that tables which the node computed from claims of before the run, and whose checks all passed, go out up to grade ${statement.max_grade}.`,
    ),
    `The node stated in its log: run ${job.run.id} of job ${job.job.id}, submitted by ${job.job.principal.name} under ${grants}, read ${data} and put out these files.`,
    `The log ${receipt.log.origin} holds these statements among its first ${head.size} entries; their root is signed with ${whose}, ${receipt.log.public_key}.`,
  ];
}

export function notProvenBy(bundle: Bundle, head: Note, pin: Pin): string[] {
  const { log } = bundle.receipt;
  const witnesses = head.signatures.filter((s) => s.name !== log.origin).length;
  return [
    ...(pin.key === undefined
      ? [
          `That ${log.public_key} is the key of ${log.origin}: compare it with what the domain publishes, or give --origin and --key.`,
        ]
      : []),
    ...(bundle.reviews.policies === undefined
      ? [
          "That the reviewers' keys are those of the people named: compare them with what these people publish.",
        ]
      : [
          "That a person looked at these files: by this policy none had to.",
          "That the owners' keys are those of the owners named: compare them with what these publish.",
          "That the policy had not been replaced meanwhile: a later one would be a later entry of the log.",
        ]),
    witnesses === 0
      ? "That the log shows everyone the same entries: no witness has cosigned this head."
      : `That the ${witnesses} further signatures on this head are of witnesses: their keys were not given.`,
    "That what the node stated is what happened: whoever controls its machine can read its data and invent a run.",
  ];
}
