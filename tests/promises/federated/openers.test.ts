/**
 * A domain that may ask, and asks for what nobody agreed to: twice, of fewer, something else, or outside of the spec. Each
 * honest domain gives one share in a round, and says in its ledger why it gives no other.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { spokenColumns } from "../../../src/federated/collaborations/spec.js";
import { type Message, messageHash } from "../../../src/federated/messages/message.js";
import { SumsThread } from "../../../src/federated/sums/thread.js";
import { claimFromWritten, type WrittenClaim, writtenClaim } from "../../../src/privacy/index.js";
import { Cluster, type Name, PATIENCE_MS, type Participant } from "../../federated/cluster.js";
import { Liar } from "../../federated/liar.js";
import { until } from "../../harness/index.js";

const HONEST = ["hospital", "insurer"] as const;
const sums = new SumsThread();
let cluster: Cluster;
let liars: Liar[] = [];
beforeAll(async () => {
  cluster = await Cluster.open();
}, 60_000);
afterEach(async () => {
  const done = liars;
  liars = [];
  await Promise.all(done.map((liar) => liar.stop()));
});
afterAll(async () => {
  await cluster?.close();
  await sums.close();
});

/** A liar that may ask, one that may not, and two honest domains. */
async function four(
  more: Parameters<Cluster["propose"]>[1] = {},
): Promise<{ id: string; asker: Liar; clinic: Liar }> {
  const [asker, clinic] = [new Liar("bureau", sums), new Liar("insurer", sums)];
  liars.push(asker, clinic);
  const all: Participant[] = [asker, cluster.honest("hospital"), cluster.honest("insurer"), clinic];
  const id = cluster.propose(all, more);
  await cluster.join(id, all);
  for (const name of HONEST)
    await until(() => cluster.domains[name].state(id) === "active", `${name} to be active`, PATIENCE_MS);
  return { id, asker, clinic };
}

const asking = (liar: Liar, claim: unknown): Message["body"] => {
  const read: WrittenClaim = writtenClaim.parse(claim);
  const { statistic } = claimFromWritten(read, "sums", spokenColumns(liar.spec), "statistic");
  return { statistic: statistic as never };
};
const BY_SEX = { kind: "table", rows: ["sex"], values: ["age"], agg: ["sum"] };
const BY_AGE = { kind: "table", rows: [{ value: "age", edges: [0, 60, 121] }] };

const open = (liar: Liar, round: number, attempt: number, body: Message["body"]) =>
  liar.say({ kind: "open", round, attempt, body });

const sharesOf = (name: Name, id: string, round: number): Message[] =>
  cluster.domains[name].said(id, round).filter((m) => m.kind === "share");

/** Both honest domains refuse an attempt for these reasons, and share nothing in it. */
async function refusedBy(
  { id, round, attempt }: { id: string; round: number; attempt: number },
  expected: Record<string, unknown>,
): Promise<void> {
  const refusals = () =>
    HONEST.flatMap((name) =>
      cluster.domains[name]
        .told(id, "round.refused")
        .filter((told) => told.round === round && told.attempt === attempt),
    );
  await until(() => refusals().length > 0, "a refusal", PATIENCE_MS);
  expect(refusals()[0]).toMatchObject(expected);
  for (const name of HONEST)
    expect(sharesOf(name, id, round).filter((m) => m.attempt === attempt)).toEqual([]);
}

const bothShared = (id: string, round: number): Promise<void> =>
  until(
    () => HONEST.every((name) => sharesOf(name, id, round).length > 0),
    "both to have shared",
    PATIENCE_MS,
  );

test("the same question again, or over one domain fewer as another round, gets no second share", async () => {
  const { id, asker } = await four({ min_contributors: 3 });
  await open(asker, 1, 1, asking(asker, BY_SEX));
  await bothShared(id, 1);
  await open(asker, 1, 2, asking(asker, BY_SEX));
  await refusedBy({ id, round: 1, attempt: 2 }, { reason: "contributors" });
  for (const name of HONEST) expect(sharesOf(name, id, 1)).toHaveLength(1);
  const contributors = asker.spec.participants.map((p) => p.name).slice(0, 3);
  await open(asker, 2, 1, { ...asking(asker, BY_SEX), contributors });
  await refusedBy({ id, round: 2, attempt: 1 }, { reason: "contributors" });
});

test("a further attempt over one domain fewer, opened when shares exist, gets none of that round again", async () => {
  const { id, asker } = await four({ min_contributors: 3 });
  await open(asker, 1, 1, asking(asker, BY_SEX));
  await bothShared(id, 1);
  const contributors = asker.spec.participants.map((p) => p.name).slice(0, 3);
  await open(asker, 1, 2, { ...asking(asker, BY_SEX), contributors });
  await refusedBy({ id, round: 1, attempt: 2 }, { reason: "contributors" });
  for (const name of HONEST) expect(sharesOf(name, id, 1)).toHaveLength(1);
});

describe("an opening", () => {
  const wrong = async (
    body: (asker: Liar) => Message["body"],
    expected: Record<string, unknown>,
    at: { attempt?: number; first?: boolean; by?: "clinic" } = {},
  ): Promise<void> => {
    const { id, asker, clinic } = await four({ min_contributors: 3 });
    if (at.first) await open(asker, 1, 1, asking(asker, BY_SEX));
    const liar = at.by === "clinic" ? clinic : asker;
    const { message } = await open(liar, 1, at.attempt ?? 1, body(asker));
    const evidence = expected.reason === "protocol" ? { author: liar.key } : {};
    await refusedBy({ id, round: 1, attempt: message.attempt }, { ...evidence, ...expected });
    if (expected.reason !== "protocol") return;
    const { number, hash } = cluster.domains.hospital.told(id, "round.refused").at(-1) ?? {};
    expect([undefined, message.number]).toContain(number);
    expect([undefined, messageHash(message)]).toContain(hash);
  };
  const protocol = (what: string) => ({ reason: "protocol", what });

  test("by who may not ask is nobody's", async () => {
    await wrong(
      (asker) => asking(asker, BY_SEX),
      protocol("what it opened is no statistic, or not its to open"),
      {
        by: "clinic",
      },
    );
  });

  test("of something that is no statistic is its author's breach", async () => {
    await wrong(() => ({ rows: "all" }), protocol("what it opened is no statistic, or not its to open"));
  });

  test("over fewer domains than the spec allows, or without its author, is its author's breach", async () => {
    const what = "it asks fewer domains than the spec allows, or not itself";
    const names = (asker: Liar) => asker.spec.participants.map((p) => p.name);
    await wrong((a) => ({ ...asking(a, BY_SEX), contributors: names(a).slice(0, 2) }), protocol(what));
    await wrong((a) => ({ ...asking(a, BY_SEX), contributors: names(a).slice(1) }), protocol(what));
  });

  test("of a further attempt that asks something else is its author's breach", async () => {
    await wrong(
      (asker) => asking(asker, BY_AGE),
      protocol("the attempt that it opened asks something else"),
      {
        attempt: 2,
        first: true,
      },
    );
  });

  test("of a column that the spec does not have is refused as no statistic of it", async () => {
    await wrong(
      (asker) => {
        const body = JSON.stringify(asking(asker, BY_SEX)).replaceAll('"age"', '"income"');
        return JSON.parse(body) as Message["body"];
      },
      { reason: "statistic" },
    );
  });

  test("of a step that follows no other is its author's breach", async () => {
    await wrong(
      (asker) => ({ ...asking(asker, BY_SEX), step: { of: 1, number: 2, state: { beta: ["9"] } } }),
      protocol("what it opened is no next step of its statistic"),
    );
  });
});
