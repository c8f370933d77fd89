/**
 * Whose key this domain takes for whom. Pure.
 *
 * Rules: a name has one key at a time. A domain that comes with another key than the one pinned under its name is refused,
 * with both fingerprints, until it has said so itself with the key that is pinned (rotation), or this domain's operator has
 * revoked that key. A key that was revoked or replaced is taken for nobody.
 */
import { fingerprint } from "../../store/index.js";

export const PEER_STATES = ["pinned", "replaced", "revoked"] as const;
export type PeerState = (typeof PEER_STATES)[number];

/** Another domain's key, as this one knows it. */
export interface Peer {
  key: string;
  /** A domain's; of a coordinator that takes no part, where its board is. */
  name: string;
  state: PeerState;
  successor: string | null;
  reason: string | null;
  pinned_at: number;
  ended_at: number | null;
}

export interface Met {
  name: string;
  key: string;
}

/** Why a key is not taken for a domain of this name; undefined: it may be. */
export function objection(known: readonly Peer[], { name, key }: Met): string | undefined {
  const same = known.find((peer) => peer.key === key);
  if (same?.state === "revoked") return `the key ${fingerprint(key)} of ${name} was revoked here`;
  if (same?.state === "replaced")
    return `the key ${fingerprint(key)} of ${name} was replaced by ${fingerprint(same.successor!)}`;
  const pinned = known.find((peer) => peer.name === name && peer.state === "pinned");
  if (pinned === undefined || pinned.key === key) return undefined;
  return `${name} is known here by the key ${fingerprint(pinned.key)}, and comes with ${fingerprint(key)}`;
}

/** Those that are met in a spec, but this domain itself. @param board where it is; null: here */
export function metIn(
  spec: { coordinator: string; participants: readonly Met[] },
  board: string | null,
  own: readonly string[],
): Met[] {
  const met = spec.participants.map(({ name, key }) => ({ name, key }));
  const apart = met.every(({ key }) => key !== spec.coordinator);
  if (apart && board !== null) met.push({ name: new URL(board).origin, key: spec.coordinator });
  return met.filter(({ key }) => !own.includes(key));
}
