/**
 * Messages between domains: signed by their author, numbered and chained, so that whoever carries them can neither
 * change, replay, reorder nor leave one out unseen.
 *
 * Rules: the signature is over the RFC 8785 JSON of the whole message under a label of its own, with the domain's identity
 * key. An author's messages in one collaboration are numbered from 1, and each names the hash of the one before: two of
 * one number, signed by one key, prove by themselves that their author said two things. Pure but for the key.
 */
import { createHash } from "node:crypto";
import { z } from "zod";
import { canonicalJson, type JsonObject, nodeCrypto } from "../../ledger/index.js";

export const MESSAGE_KINDS = [
  "propose",
  "join",
  "withdraw",
  "suspend",
  "resume",
  "end",
  "rotate",
  "open",
  "key_commit",
  "key_reveal",
  "data_commit",
  "data_reveal",
  "transcript",
  "share",
  "done",
  "attest",
  "cosign",
  "released",
  "refuse",
] as const;
export type MessageKind = (typeof MESSAGE_KINDS)[number];

export const identityKey = z
  .string()
  .regex(/^[A-Za-z0-9+/]{43}=$/, "must be a raw Ed25519 key in base64")
  .describe("Ed25519, raw, base64");
export const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/, "must be a SHA-256 in hex");

/** What is signed. */
export const messageSchema = z.strictObject({
  version: z.literal(1),
  /** clb_… */
  collaboration: z.string().max(64),
  author: identityKey,
  /** Of this author in this collaboration, from 1. */
  number: z.int().min(1).max(1_000_000),
  /** Hash of the author's message before; empty for the first. */
  previous: z.union([sha256Hex, z.literal("")]),
  kind: z.enum(MESSAGE_KINDS),
  /** Of messages of a round; 0 else. */
  round: z.int().min(0).max(100_000),
  attempt: z.int().min(0).max(1_000),
  body: z.record(z.string(), z.json()),
});
export type Message = z.output<typeof messageSchema>;

export const signedMessageSchema = z.strictObject({
  message: messageSchema,
  signature: z.string().regex(/^[A-Za-z0-9+/]{86}==$/, "must be an Ed25519 signature in base64"),
});
export type SignedMessage = z.output<typeof signedMessageSchema>;

const LABEL = "glovebox message v1\n";

/** What is signed. */
export const messageBytes = (message: Message): Buffer =>
  Buffer.from(LABEL + canonicalJson(message as unknown as JsonObject), "utf8");

export const messageHash = (message: Message): string =>
  createHash("sha256").update(messageBytes(message)).digest("hex");

/** @param key the domain's identity */
export function signMessage(
  message: Message,
  key: { publicKey: string; sign(bytes: Uint8Array): Buffer },
): SignedMessage {
  if (message.author !== key.publicKey) throw new RangeError("a message is signed by its author");
  return { message, signature: key.sign(messageBytes(message)).toString("base64") };
}

export const messageSigned = ({ message, signature }: SignedMessage): boolean =>
  signedBy(message.author, messageBytes(message), signature);

/** @param key raw Ed25519 key, base64; @param signature base64 */
export const signedBy = (key: string, bytes: Uint8Array, signature: string): boolean =>
  nodeCrypto.verifyEd25519(Buffer.from(key, "base64"), bytes, Buffer.from(signature, "base64"));

/** The next link of an author's chain. */
export interface ChainEnd {
  number: number;
  hash: string;
}

export const NO_MESSAGES: ChainEnd = { number: 0, hash: "" };

export type Link = "next" | "known" | "gap" | "fork";

/**
 * How a message lies to its author's chain. `fork`: two messages of one number; `gap`: one before it is missing.
 * @param known hash of the author's message of this number, where there is one
 */
export function linkOf(message: Message, end: ChainEnd, known: string | undefined): Link {
  if (known !== undefined) return known === messageHash(message) ? "known" : "fork";
  if (message.number !== end.number + 1) return "gap";
  return message.previous === end.hash ? "next" : "fork";
}
