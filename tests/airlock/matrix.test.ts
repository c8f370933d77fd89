/** Person × state × action: what happens is what the tables say, in every combination. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { barredFrom, RELEASE_STATES, type ReleaseState } from "../../src/airlock/index.js";
import { loadRelease } from "../../src/airlock/rows.js";
import { findStep, type ReleaseEventName } from "../../src/airlock/states.js";
import { sightOf } from "../../src/airlock/visibility.js";
import type { Actor } from "../../src/vocabulary/index.js";
import { outcomeOf as outcomeOfCall } from "../catalog/fixture.js";
import { type AirlockFixture, airlockFixture, type Reviewer, request, review, signed } from "./fixture.js";

let f: AirlockFixture;
let people: Record<string, Actor | Reviewer>;
beforeAll(async () => {
  f = await airlockFixture();
  people = {
    requester: f.researcher,
    "another researcher": f.person("another", ["researcher"]),
    operator: f.operator,
    "auditor, has voted": f.first,
    auditor: f.second,
    "unnamed auditor": f.unnamed,
    owner: f.owner,
    "another owner": f.otherOwner,
    admin: f.admin,
  };
});
afterAll(() => f.end());

const ACTIONS = ["read", "replace", "submit", "withdraw", "review"] as const;
type Action = (typeof ACTIONS)[number];

/** A release in the state; the two that no release rests in are written down. */
async function releaseIn(state: ReleaseState): Promise<string> {
  const { id } = request(f, ["t1.csv"]);
  if (state === "partially_reviewed") {
    f.airlock.submit(f.researcher, id);
    await review(f, f.first, id);
    return id;
  }
  const submitted = state === "pending" ? null : f.clock.now();
  f.store.db
    .prepare("UPDATE releases SET state = ?, submitted_at = ?, round = 1 WHERE id = ?")
    .run(state, submitted, id);
  return id;
}

let comments = 0;
async function act(who: Actor | Reviewer, action: Action, id: string): Promise<string> {
  const { airlock, outputs } = f;
  const calls: Record<Action, () => unknown> = {
    read: () => airlock.get(who, id),
    replace: () => airlock.replaceFile(who, id, "t1.csv", { output: outputs.get("t2.csv")!.id }),
    submit: () => airlock.submit(who, id),
    withdraw: () => airlock.withdraw(who, id),
    review: () => {
      const sha256 = outputs.get("t1.csv")!.sha256;
      const votes = {
        files: { "t1.csv": { sha256, vote: "approved" as const } },
        decision: "approve" as const,
        comment: `${++comments}`,
      };
      const signature = "privateKey" in who ? signed(who, id, votes) : "none";
      return airlock.review(who, id, { ...votes, signature });
    },
  };
  return outcomeOfCall((async () => calls[action]())());
}

function expected(who: Actor, action: Action, id: string): string {
  const release = loadRelease(f.store.db, f.keys, id);
  const sight = sightOf(who, release);
  if (sight === undefined) return "not_found";
  if (action === "read") return "ok";
  if (action === "review") {
    if (barredFrom(who, release)) return "forbidden";
    const voted = release.reviews.some((r) => r.round === release.round && r.reviewer === who.id);
    return !voted && findStep(release.state, "review") ? "ok" : "state_conflict";
  }
  if (sight !== "requester") return "forbidden";
  return findStep(release.state, action as ReleaseEventName) ? "ok" : "state_conflict";
}

test.each(RELEASE_STATES)("%s: every person and action", async (state) => {
  const found: string[] = [];
  const foreseen: string[] = [];
  for (const [name, who] of Object.entries(people))
    for (const action of ACTIONS) {
      const id = await releaseIn(state);
      foreseen.push(`${name}, ${action}: ${expected(who, action, id)}`);
      found.push(`${name}, ${action}: ${await act(who, action, id)}`);
      f.store.db.prepare("UPDATE releases SET state = 'withdrawn' WHERE id = ?").run(id);
    }
  expect(found).toEqual(foreseen);
});

test("the matrix says who can do anything at all", async () => {
  const able = new Map<string, Set<string>>();
  for (const state of RELEASE_STATES)
    for (const [name, who] of Object.entries(people))
      for (const action of ACTIONS) {
        const id = await releaseIn(state);
        if (expected(who, action, id) === "ok") able.set(action, (able.get(action) ?? new Set()).add(name));
        f.store.db.prepare("UPDATE releases SET state = 'withdrawn' WHERE id = ?").run(id);
      }
  expect(Object.fromEntries([...able].map(([action, names]) => [action, [...names].sort()]))).toEqual({
    read: ["auditor", "auditor, has voted", "owner", "requester"],
    replace: ["requester"],
    submit: ["requester"],
    withdraw: ["requester"],
    review: ["auditor", "auditor, has voted"],
  });
});
