import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { attemptState, nextStep, type Step } from "../../src/federated/member/steps.js";
import type { Message } from "../../src/federated/messages/message.js";
import { testSeed } from "../harness/seed.js";

const SAYS: Partial<Record<Step, Message["kind"]>> = {
  commit_key: "key_commit",
  reveal_key: "key_reveal",
  commit_data: "data_commit",
  reveal_data: "data_reveal",
  sign: "transcript",
  share: "share",
  combine: "done",
};

const NAMES = ["a", "b", "c", "d"];
const message = (author: string, kind: Message["kind"], body: Message["body"] = {}): Message => ({
  version: 1,
  collaboration: "clb",
  author,
  number: 1,
  previous: "",
  kind,
  round: 1,
  attempt: 1,
  body,
});

describe("what a participant does next", () => {
  test("in whatever order news arrive, nobody runs ahead, and all come to the end", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 3, max: 4 }),
        fc.array(fc.nat(), { minLength: 400, maxLength: 400 }),
        (n, choices) => {
          const participants = NAMES.slice(0, n);
          const said: Message[] = [];
          /** How much of the board each has heard. */
          const heard = new Map(participants.map((p) => [p, 0]));
          for (const choice of choices) {
            const who = participants[choice % n]!;
            if (choice % 3 === 0 && heard.get(who)! < said.length) {
              heard.set(who, heard.get(who)! + 1);
              continue;
            }
            const own = said.filter((m) => m.author === who);
            const news = said.slice(0, heard.get(who)).filter((m) => m.author !== who);
            const step = nextStep(
              { participants, messages: [...news, ...own] },
              { key: who, recipient: true },
            );
            const kind = SAYS[step];
            if (kind === undefined) continue;
            // Each step once, and only after everybody's step before.
            expect(own.some((m) => m.kind === kind)).toBe(false);
            const order = [
              "key_commit",
              "key_reveal",
              "data_commit",
              "data_reveal",
              "transcript",
              "share",
              "done",
            ];
            const before = order[order.indexOf(kind) - 1];
            if (before !== undefined)
              for (const p of participants)
                expect(said.some((m) => m.author === p && m.kind === before)).toBe(true);
            said.push(message(who, kind, kind === "transcript" ? { transcript: "t" } : {}));
          }
          for (let turn = 0; turn < 40 * n; turn++) {
            const who = participants[turn % n]!;
            const kind = SAYS[nextStep({ participants, messages: said }, { key: who, recipient: true })];
            if (kind !== undefined)
              said.push(message(who, kind, kind === "transcript" ? { transcript: "t" } : {}));
          }
          expect(attemptState({ participants, messages: said }, n)).toBe("done");
        },
      ),
      { seed: testSeed(), numRuns: 100 },
    );
  });

  const upTo = (kind: Message["kind"], transcripts: string[] = ["t", "t", "t"]): Message[] => {
    const order: Message["kind"][] = [
      "key_commit",
      "key_reveal",
      "data_commit",
      "data_reveal",
      "transcript",
      "share",
    ];
    return order
      .slice(0, order.indexOf(kind) + 1)
      .flatMap((k) =>
        NAMES.slice(0, 3).map((p, i) =>
          message(p, k, k === "transcript" ? { transcript: transcripts[i]! } : {}),
        ),
      );
  };
  const participants = NAMES.slice(0, 3);

  test("no share is given where transcripts differ", () => {
    const messages = upTo("transcript", ["t", "t", "u"]);
    for (const key of participants)
      expect(nextStep({ participants, messages }, { key, recipient: true })).toBe("differs");
  });

  test("a refusal ends it, and who is no recipient combines nothing", () => {
    const messages = upTo("share");
    expect(nextStep({ participants, messages }, { key: "a", recipient: true })).toBe("combine");
    expect(nextStep({ participants, messages }, { key: "a", recipient: false })).toBe("over");
    const refused = [...upTo("data_commit"), message("b", "refuse", { reason: "consent" })];
    expect(nextStep({ participants, messages: refused }, { key: "a", recipient: true })).toBe("over");
    expect(attemptState({ participants, messages: refused }, 1)).toBe("refused");
  });

  test("what others than participants say counts for nothing", () => {
    const messages = [...upTo("key_commit"), message("z", "key_reveal"), message("z", "share")];
    expect(nextStep({ participants, messages }, { key: "a", recipient: true })).toBe("reveal_key");
  });
});
