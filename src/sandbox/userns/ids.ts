/**
 * Users of runs under an engine that remaps them: who they are inside, and who that is outside.
 *
 * Rules. The range of subordinate ids is the account's that the set-up made (scripts/setup/userns.mjs: change both or
 * neither), and is read where the kernel's tools read it. Each run has a user of its own in it, above all accounts of
 * the image, so that runs differ outside as they do at level `container`.
 */
import { randomInt } from "node:crypto";
import { readFileSync } from "node:fs";
import { NOBODY } from "../staging.js";
import type { RunIds } from "../users.js";

export const ACCOUNT = "glovebox-userns";
/** Accounts of an image lie below. */
const FIRST_INSIDE = 65_536;

export interface IdMap {
  /** Who is 0 inside. */
  user: number;
  group: number;
  count: number;
}

const rangeIn = (text: string): { first: number; count: number } | undefined => {
  const line = text.split("\n").find((entry) => entry.startsWith(`${ACCOUNT}:`));
  const [first, count] = (line ?? "").split(":").slice(1).map(Number);
  return Number.isSafeInteger(first) && Number.isSafeInteger(count)
    ? { first: first!, count: count! }
    : undefined;
};

/** The map of the second engine; undefined where the set-up has made none. */
export function readIdMap(
  read: (path: string) => string = (path) => readFileSync(path, "utf8"),
): IdMap | undefined {
  try {
    const [users, groups] = [rangeIn(read("/etc/subuid")), rangeIn(read("/etc/subgid"))];
    if (!users || !groups) return undefined;
    const count = Math.min(users.count, groups.count);
    return count > FIRST_INSIDE ? { user: users.first, group: groups.first, count } : undefined;
  } catch {
    return undefined;
  }
}

/** By chance, as in users.ts. */
export const remappedIds =
  (map: IdMap, random: (below: number) => number = randomInt) =>
  (): RunIds => {
    const user = FIRST_INSIDE + random(map.count - FIRST_INSIDE);
    return { user, outside: { user: map.user + user, group: map.group + NOBODY } };
  };
