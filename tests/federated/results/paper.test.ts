/** What all domains said of a result, checked offline: whatever one of them did otherwise is named. */
import { afterEach, describe, expect, test } from "@jest/globals";
import type { Paper } from "../../../src/federated/results/paper.js";
import { checkPaper, NAMES, Parties, type Party } from "./fixture.js";

let parties: Parties | undefined;
afterEach(() => parties?.end());

type Step = { [step: string]: (party: Party) => void };
const played = (instead: Step = {}): Parties => {
  parties = Parties.open().play(instead);
  return parties;
};
const nothing = (): void => undefined;

describe("a paper that is in order", () => {
  test("names who joined, the list that all signed, and each ledger with its cosigners", () => {
    const p = played();
    const { problems, proves, not_proven } = checkPaper(p.paper(), p.bundle());
    expect(problems).toEqual([]);
    const text = proves.map((s) => s.en).join("\n");
    expect(text).toContain(p.hash);
    expect(text).toContain(p.transcript());
    for (const name of NAMES)
      expect(text).toMatch(new RegExp(`glovebox/${name} of ${name} .* cosigned by 2 of 2 others`));
    expect(text).toContain("bureau of bureau says what it put in");
    expect(text.match(/the head of this bundle goes on from it/g)).toHaveLength(1);
    for (const { zh } of [...proves, ...not_proven]) expect(zh).toMatch(/[一-鿿]/);
  });

  test("says whose ledger was not shown in time, and who did not cosign", () => {
    const p = played({ "insurer attest": nothing, "insurer cosign": nothing });
    const { problems, proves, not_proven } = checkPaper(p.paper(), p.bundle());
    expect(problems).toEqual([]);
    expect(not_proven.map((s) => s.en)).toContain(
      "What the log of insurer says: it showed nothing that holds, or not in time.",
    );
    expect(proves.map((s) => s.en).join("\n")).toContain("cosigned by 1 of 2 others: hospital");
  });
});

const changedEntry = (change: (entry: Record<string, unknown>) => void) => (party: Party) =>
  party.attest((content) => {
    const copy = JSON.parse(JSON.stringify(content)) as { entries: Record<string, unknown>[] };
    change(copy.entries[0]!);
    return copy;
  });

describe("what a domain did otherwise is found", () => {
  const cases: [string, Step, string][] = [
    [
      "joins another spec",
      { "hospital join": (p) => p.join({ spec: "0".repeat(64) }) },
      "hospital: did not join this spec",
    ],
    [
      "shows no log",
      { "hospital join": (p) => p.join({ log: undefined }) },
      "hospital: did not join this spec",
    ],
    [
      "asks something else",
      { "bureau open": (p) => p.say("open", { statistic: { kind: "table", rows: ["age"] } }) },
      "asks something else in round 1",
    ],
    [
      "asks fewer",
      {
        "bureau open": (p) =>
          p.say("open", { statistic: p.parties.statistic, contributors: ["bureau", "hospital"] }),
      },
      "is over other domains in round 1",
    ],
    [
      "asks with terms that the job has not",
      {
        "bureau open": (p) =>
          p.say("open", { statistic: p.parties.statistic, privacy: { epsilon: "9", delta: "0.1" } }),
      },
      "asks something else in round 1",
    ],
    [
      "reveals other ciphertexts",
      {
        "hospital data": (p) =>
          p.say("data_reveal", { nonce: "n", blobs: [p.blobs.data[0], p.blobs.data[0]] }),
      },
      "did not sign the list of round 1",
    ],
    [
      "signs another list",
      { "insurer transcript": (p) => p.say("transcript", { transcript: "0".repeat(64), commitment: "c" }) },
      "insurer: did not sign the list of round 1",
    ],
    ["signs nothing", { "insurer transcript": nothing }, "insurer: did not sign the list of round 1"],
    ["gives no share", { "insurer share": nothing }, "insurer: gave no share in round 1"],
    [
      "has no entry of its share",
      { "insurer share": (p) => p.say("share", { nonce: "n", blobs: p.blobs.share }) },
      "insurer: its ledger: needs one entry round.shared",
    ],
    [
      "writes that it put in something else",
      {
        "hospital data": (p) => {
          p.say("data_reveal", { nonce: "n", blobs: p.blobs.data });
          p.write("round.contributed", p.blobs.key);
        },
      },
      "hospital: its ledger: the entry round.contributed of round 1 names other blobs",
    ],
    [
      "opens an entry otherwise than it committed",
      {
        "hospital attest": changedEntry((e) => {
          (e.opening as { time: string }).time = "2026-11-24T00:00:00.000Z";
        }),
      },
      "hospital: its ledger: an entry does not open",
    ],
    [
      "shows an entry with another proof",
      {
        "hospital attest": changedEntry((e) => {
          e.proof = [];
        }),
      },
      "hospital: its ledger: an entry is not in the tree",
    ],
    [
      "shows a leaf from another place",
      {
        "hospital attest": changedEntry((e) => {
          (e.leaf as { seq: number }).seq = 0;
        }),
      },
      "hospital: its ledger: an entry is not in the tree",
    ],
    [
      "shows no entries",
      { "hospital attest": (p) => p.attest(() => ({ version: 1, entries: [] })) },
      "hospital: shows no entries under a head that its log signed",
    ],
  ];
  test.each(cases)("%s", (_what, instead, named) => {
    const p = played(instead);
    const { problems, proves } = checkPaper(p.paper(), p.bundle());
    expect(problems.join("\n")).toContain(named);
    expect(proves).toEqual([]);
  });

  test("a cosignature with another key, or of another head, counts for nobody", () => {
    const p = played({
      "hospital cosign": (party) => {
        const insurer = party.parties.all[2]!;
        party.say("cosign", { notes: { [insurer.key.publicKey]: insurer.head } });
      },
    });
    const { problems, proves } = checkPaper(p.paper(), p.bundle());
    expect(problems).toEqual([]);
    expect(proves.map((s) => s.en).join("\n")).toMatch(/of insurer .* cosigned by 1 of 2 others: bureau/);
  });
});

describe("what the maker of a paper changes is found", () => {
  const cases: [string, (paper: Paper) => unknown, string][] = [
    [
      "a message",
      (paper) => {
        paper.messages[3]!.message.body = { statistic: { kind: "other" } };
        return paper;
      },
      "that no participant signed",
    ],
    [
      "a signature",
      (paper) => {
        paper.messages[0]!.signature = paper.messages[1]!.signature;
        return paper;
      },
      "that no participant signed",
    ],
    [
      "the spec",
      (paper) => ({ ...paper, spec: { ...paper.spec, threshold: 3 } }),
      "is of another collaboration, spec or round",
    ],
    [
      "the round",
      (paper) => ({ ...paper, rounds: [{ round: 2, attempt: 1 }] }),
      "is of another collaboration, spec or round",
    ],
    ["entries", (paper) => ({ ...paper, entries: {} }), "shows no entries under a head"],
    [
      "entries that nobody showed",
      (paper) => ({ ...paper, entries: { ...paper.entries, ["0".repeat(64)]: "e30=" } }),
      "holds entries that nobody showed",
    ],
    ["a member of its own", (paper) => ({ ...paper, more: 1 }), "is not of the form"],
  ];
  test.each(cases)("%s", (_what, change, named) => {
    const p = played();
    const paper = JSON.parse(JSON.stringify(p.paper())) as Paper;
    const { problems } = checkPaper(change(paper), p.bundle());
    expect(problems.join("\n")).toContain(named);
  });

  test("a job of another statistic, a grant of another spec, a bundle of another log", () => {
    const p = played();
    const wrong = (more: Parameters<Parties["bundle"]>[0]) =>
      checkPaper(p.paper(), p.bundle(more)).problems.join("\n");
    expect(wrong({ spec: { statistic: { kind: "table", rows: ["age"] } } })).toContain("asks something else");
    expect(wrong({ grant: "0".repeat(64) })).toContain("a grant that does not name this spec");
    const hospital = p.all[1]!.ledger;
    const bureau = p.all[0]!;
    bureau.write("round.entered", []);
    expect(wrong({})).toBe("");
    const goes = "from which the bundle's checkpoint does not go on";
    expect(wrong({ continues: { size: 2, proof: [] } })).toContain(goes);
    expect(wrong({ checkpoint: bureau.otherHead() })).toContain(goes);
    expect(wrong({ log: { origin: hospital.origin, public_key: hospital.publicKey } })).toContain(
      "names no recipient",
    );
  });
});
