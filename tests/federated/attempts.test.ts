import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import {
  attemptsOf,
  lateness,
  MAX_ATTEMPTS,
  type OpenAttempt,
  sharedEarlier,
  type Terms,
} from "../../src/federated/member/attempts.js";
import { attemptState, nextStep, type Step } from "../../src/federated/member/steps.js";
import type { Message } from "../../src/federated/messages/message.js";
import { testSeed } from "../harness/seed.js";

const NAMES = ["a", "b", "c", "d", "e"];
const SAYS: Partial<Record<Step, Message["kind"]>> = {
  commit_key: "key_commit",
  reveal_key: "key_reveal",
  commit_data: "data_commit",
  reveal_data: "data_reveal",
  sign: "transcript",
  share: "share",
  combine: "done",
};

const message = (
  author: string,
  kind: Message["kind"],
  attempt: number,
  body: Message["body"] = {},
): Message => ({
  version: 1,
  collaboration: "clb",
  author,
  number: 1,
  previous: "",
  kind,
  round: 1,
  attempt,
  body,
});

const opening = (m: Message) => ({
  message: m,
  question: m.body.question as string | undefined,
  contributors: m.body.contributors as string[] | undefined,
});
const opens = (author: string, attempt: number, contributors?: readonly string[], question = "q"): Message =>
  message(author, "open", attempt, {
    question,
    ...(contributors ? { contributors: [...contributors] } : {}),
  });

/** A round among domains of which each has heard a part of the board. */
class World {
  readonly board: Message[] = [];
  readonly heard: Map<string, number>;
  /** When each first knew of an attempt, in times of one. */
  readonly since = new Map<string, number>();
  time = 0;

  constructor(readonly terms: Terms) {
    this.heard = new Map(terms.participants.map((p) => [p, 0]));
  }

  /** Of what one knows: what it heard, and all that it said itself. */
  known(who: string): Message[] {
    const others = this.board.slice(0, this.heard.get(who)!).filter((m) => m.author !== who);
    const own = this.board.filter((m) => m.author === who);
    return this.board.filter((m) => others.includes(m) || own.includes(m));
  }

  attempt(known: readonly Message[]): OpenAttempt | undefined {
    const openings = known.filter((m) => m.kind === "open").map(opening);
    return attemptsOf(this.terms, openings).at(-1);
  }

  hear(who: string, count: number): void {
    this.heard.set(who, Math.min(this.board.length, this.heard.get(who)! + count));
  }

  /** One turn of an honest domain. */
  act(who: string): void {
    const known = this.known(who);
    const last = this.attempt(known);
    if (last === undefined) return;
    const { attempt, opener, contributors, wrong } = last;
    const view = {
      participants: contributors,
      messages: known.filter((m) => m.attempt === attempt),
      attempt,
      opener,
    };
    const step = nextStep(view, { key: who, recipient: this.terms.recipients.includes(who) });
    if (step === "over") return;
    const at = `${who} ${attempt}`;
    if (!this.since.has(at)) this.since.set(at, this.time);
    if (step === "wait") {
      if (!contributors.includes(who)) return;
      const late = lateness(view, who, this.time - this.since.get(at)!, this.terms);
      if (late.kind === "give_up") this.board.push(message(who, "refuse", attempt, { reason: "late" }));
      if (late.kind === "again") this.board.push(opens(who, attempt + 1, late.contributors));
      return;
    }
    if (wrong !== undefined || step === "differs" || sharedEarlier(known, who, attempt)) {
      this.board.push(message(who, "refuse", attempt, { reason: "contributors" }));
      return;
    }
    this.board.push(message(who, SAYS[step]!, attempt, step === "sign" ? { transcript: "t" } : {}));
  }

  /** One turn of one who lies: it says what would bring any attempt on, or opens another over fewer. */
  lie(who: string, choice: number): void {
    const openings = this.board.filter((m) => m.kind === "open").map(opening);
    const attempts = attemptsOf(this.terms, openings);
    const last = attempts.at(-1)!;
    if (who === last.opener && choice % 16 === 0) {
      const fewer = last.contributors.filter((p, i) => p === who || (choice >> (4 + i)) % 2 === 1);
      if (fewer.length >= this.terms.least && last.attempt < MAX_ATTEMPTS)
        this.board.push(opens(who, last.attempt + 1, fewer));
      return;
    }
    const { attempt, contributors } = attempts[(choice >> 4) % attempts.length]!;
    const view = { participants: contributors, messages: this.board.filter((m) => m.attempt === attempt) };
    const kind = SAYS[nextStep(view, { key: who, recipient: true })];
    if (kind !== undefined) this.board.push(message(who, kind, attempt, { transcript: "t" }));
  }

  /** Attempts in which all who contribute gave a share: those that open. */
  opened(): OpenAttempt[] {
    const openings = this.board.filter((m) => m.kind === "open").map(opening);
    return attemptsOf(this.terms, openings).filter(({ attempt, contributors, wrong }) =>
      wrong !== undefined
        ? false
        : contributors.every((p) =>
            this.board.some((m) => m.kind === "share" && m.attempt === attempt && m.author === p),
          ),
    );
  }

  shares(who: string): number {
    return this.board.filter((m) => m.kind === "share" && m.author === who).length;
  }
}

const worlds = fc
  .integer({ min: 3, max: 5 })
  .chain((n) => fc.tuple(fc.constant(n), fc.integer({ min: 3, max: n }), fc.integer({ min: 1, max: n })))
  .map(
    ([n, least, recipients]) =>
      new World({ participants: NAMES.slice(0, n), recipients: NAMES.slice(0, recipients), least }),
  );

describe("attempts of a round", () => {
  test("whoever dies and whenever, no domain shares twice, one attempt opens at most, and the round ends", () => {
    const ends = { done: 0, refused: 0, again: 0 };
    fc.assert(
      fc.property(worlds, fc.array(fc.nat(), { minLength: 60, maxLength: 600 }), (world, choices) => {
        const { participants, recipients } = world.terms;
        const dead = new Set<string>();
        world.board.push(opens("a", 1));
        for (const choice of choices) {
          const who = participants[choice % participants.length]!;
          const what = Math.floor(choice / participants.length) % 40;
          if (what === 0 && who !== "a") dead.add(who);
          else if (what === 1) dead.delete(who);
          else if (what === 2) world.time += 0.5;
          else if (dead.has(who)) continue;
          else if (what < 15) world.hear(who, 1 + (choice % 7));
          else world.act(who);
        }
        // All that is alive goes on, until nothing moves; those who are dead stay so.
        for (let turn = 0; turn < 40 * MAX_ATTEMPTS; turn++) {
          for (const who of participants) {
            if (dead.has(who)) continue;
            world.heard.set(who, world.board.length);
            world.act(who);
          }
          if (turn % 10 === 9) world.time += 1;
        }
        for (const who of participants) expect(world.shares(who)).toBeLessThanOrEqual(1);
        expect(world.opened().length).toBeLessThanOrEqual(1);
        const last = world.attempt(world.board)!;
        const messages = world.board.filter((m) => m.attempt === last.attempt);
        const learn = recipients.filter((r) => last.contributors.includes(r) && !dead.has(r)).length;
        const state = attemptState({ participants: last.contributors, messages }, learn);
        expect(state).not.toBe("running");
        if (state === "done") expect(world.opened()).toHaveLength(1);
        ends[state as "done" | "refused"]++;
        if (last.attempt > 1) ends.again++;
      }),
      { seed: testSeed(), numRuns: 150 },
    );
    // The schedules come to each of the ends.
    for (const count of Object.values(ends)) expect(count).toBeGreaterThan(5);
  });

  test("an opener that lies, with others who lie, opens no two sums while one of the smaller is honest", () => {
    let opened = 0;
    fc.assert(
      fc.property(
        worlds,
        fc.integer({ min: 1, max: 4 }),
        fc.array(fc.nat(), { minLength: 100, maxLength: 600 }),
        (world, liars, choices) => {
          const { participants } = world.terms;
          const lying = participants.slice(0, Math.min(liars, participants.length - 1));
          world.board.push(opens("a", 1));
          for (const choice of choices) {
            const who = participants[choice % participants.length]!;
            const rest = Math.floor(choice / participants.length);
            if (lying.includes(who)) world.lie(who, rest);
            else if (rest % 3 === 0) world.hear(who, 1 + (rest % 7));
            else world.act(who);
          }
          for (const who of participants)
            if (!lying.includes(who)) expect(world.shares(who)).toBeLessThanOrEqual(1);
          const honest = world.opened().filter((o) => o.contributors.some((p) => !lying.includes(p)));
          expect(honest.length).toBeLessThanOrEqual(1);
          opened += honest.length;
        },
      ),
      { seed: testSeed(), numRuns: 300 },
    );
    expect(opened).toBeGreaterThan(5);
  });

  const terms: Terms = { participants: NAMES.slice(0, 4), recipients: ["a", "b"], least: 3 };
  const of = (...list: Message[]) => attemptsOf(terms, list.map(opening));

  test("what is no attempt of a round is nothing, or wrong", () => {
    expect(of()).toEqual([]);
    expect(of(opens("c", 1)).at(-1)!.wrong).toContain("not its to open");
    expect(of(opens("a", 2)).at(-1)!.wrong).toContain("not the next");
    expect(of(opens("a", 1, ["b", "c", "d"])).at(-1)!.wrong).toContain("not itself");
    expect(of(opens("a", 1, ["a", "b"])).at(-1)!.wrong).toContain("fewer domains");
    for (const list of [
      ["b", "a", "c"],
      ["a", "a", "b"],
      ["a", "b", "z"],
    ])
      expect(of(opens("a", 1, list)).at(-1)!.wrong).toContain("no participants in their order");
    const fewer = opens("a", 2, ["a", "b", "c"]);
    expect(of(opens("a", 1), opens("b", 1), fewer).map((o) => o.contributors.length)).toEqual([4, 3]);
    expect(of(opens("a", 1), fewer, opens("a", 3, ["a", "b", "d"])).at(-1)!.wrong).toContain("did not");
    expect(of(opens("a", 1), fewer, opens("a", 3)).at(-1)!.wrong).toContain("did not");
    expect(of(opens("a", 1), opens("a", 2, ["a", "b", "c"], "other")).at(-1)!.wrong).toContain("else");
    expect(of(opens("a", 1), opens("a", 2), opens("a", 4), opens("a", 3))).toHaveLength(3);
  });

  test("those who do not answer are left out where the spec allows it, and after a share nobody is", () => {
    const said = (kind: Message["kind"], ...who: string[]) => who.map((w) => message(w, kind, 1));
    const view = (messages: Message[]) => ({
      participants: terms.participants,
      messages,
      opener: "a",
      attempt: 1,
    });
    const first = view(said("key_commit", "a", "b", "d"));
    expect(lateness(first, "a", 0.9, terms)).toEqual({ kind: "in_time" });
    expect(lateness(first, "a", 1, terms)).toEqual({ kind: "again", contributors: ["a", "b", "d"] });
    expect(lateness(first, "a", 1, { least: 4 })).toEqual({ kind: "again", contributors: NAMES.slice(0, 4) });
    expect(lateness({ ...first, attempt: MAX_ATTEMPTS }, "a", 1, terms)).toEqual({ kind: "give_up" });
    expect(lateness(first, "b", 1.9, terms)).toEqual({ kind: "in_time" });
    expect(lateness(first, "b", 2, terms)).toEqual({ kind: "give_up" });
    const before = ["key_commit", "key_reveal", "data_commit", "data_reveal", "transcript"];
    const shared = view([
      ...before.flatMap((kind) => said(kind as Message["kind"], ...terms.participants)),
      ...said("share", "b", "c", "d"),
    ]);
    expect(lateness(shared, "a", 1.9, terms)).toEqual({ kind: "in_time" });
    expect(lateness(shared, "a", 2, terms)).toEqual({ kind: "give_up" });
    const all = view([...shared.messages, ...said("share", "a")]);
    expect(lateness(all, "a", 5, terms)).toEqual({ kind: "in_time" });
  });
});
