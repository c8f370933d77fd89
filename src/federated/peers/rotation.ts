/**
 * A domain that goes on under another identity key.
 *
 * Rules: the old key says which the new one is, and the new one that it is; both signatures stand in the domain's ledger and
 * on the boards of its collaborations. A collaboration names keys in its spec, so it ends when one of them is replaced:
 * the same domains agree on a new spec. The old key says nothing else from then on.
 */
import { canonicalJson } from "../../ledger/index.js";
import type { KeyPair } from "../../store/index.js";
import { identityKey, type Message, signedBy } from "../messages/message.js";

const statement = (from: string, to: string): Buffer =>
  Buffer.from(`glovebox rotation v1\n${canonicalJson({ from, to })}`, "utf8");

export interface Rotation {
  from: string;
  to: string;
  /** Base64 Ed25519 signatures over the same statement. */
  by_old: string;
  by_new: string;
}

export function rotationOf(old: KeyPair, next: KeyPair): Rotation {
  const bytes = statement(old.publicKey, next.publicKey);
  const by = (key: KeyPair) => key.sign(bytes).toString("base64");
  return { from: old.publicKey, to: next.publicKey, by_old: by(old), by_new: by(next) };
}

export function rotationHolds({ from, to, by_old, by_new }: Rotation): boolean {
  const bytes = statement(from, to);
  return signedBy(from, bytes, by_old) && signedBy(to, bytes, by_new);
}

/** What a `rotate` message says, where it is true. */
export function rotationIn({ author, body }: Message): Rotation | undefined {
  const [to, by_old, by_new] = [body.to, body.by_old, body.by_new].map(String) as [string, string, string];
  if (body.from !== author || !identityKey.safeParse(to).success) return undefined;
  const rotation = { from: author, to, by_old, by_new };
  return rotationHolds(rotation) ? rotation : undefined;
}
