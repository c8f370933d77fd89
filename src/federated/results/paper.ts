/**
 * `collaboration.json` of a release bundle: what all domains said and what their ledgers say of one result. The maker and
 * the verifier use this one schema.
 *
 * Rules: it holds what every participant of the collaboration has anyway; no number of anybody, no ciphertext, no share.
 */
import { z } from "zod";
import { collaborationSpec } from "../collaborations/spec.js";
import { type MessageKind, signedMessageSchema } from "../messages/message.js";
import { entriesSchema } from "./witnessed.js";

export const paperSchema = z.strictObject({
  version: z.literal(1),
  /** clb_… */
  collaboration: z.string().max(64),
  spec: collaborationSpec,
  /** The rounds of the statistic with the attempts that ended well, in order. */
  rounds: z
    .array(z.strictObject({ round: z.int().min(1), attempt: z.int().min(1) }))
    .min(1)
    .max(100),
  /** In the order of the board. */
  messages: z.array(signedMessageSchema).min(1).max(50_000),
  /** By SHA-256 of the blob as it was posted, in base64: what each `attest` names. */
  entries: z.record(z.string(), z.string().max(1 << 22)),
});
export type Paper = z.output<typeof paperSchema>;

/** What goes into it; commitments, refusals and what was said of other rounds do not. */
export const PAPER_KINDS: ReadonlySet<MessageKind> = new Set([
  "join",
  "open",
  "key_reveal",
  "data_reveal",
  "transcript",
  "share",
  "done",
  "attest",
  "cosign",
]);

/** undefined: it is not of the form of an attest's blob. */
export function entriesIn(base64: string) {
  try {
    const parsed = entriesSchema.safeParse(JSON.parse(Buffer.from(base64, "base64").toString("utf8")));
    return parsed.success ? parsed.data.entries : undefined;
  } catch {
    return undefined;
  }
}
