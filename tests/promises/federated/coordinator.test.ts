/**
 * A coordinator that lies to the participants, alone or with one of them: it can end a round, and opens nothing. What it
 * did stands in the ledger of whoever saw it.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { spokenColumns } from "../../../src/federated/collaborations/spec.js";
import { type Message, messageHash } from "../../../src/federated/messages/message.js";
import { SumsThread } from "../../../src/federated/sums/thread.js";
import { claimFromWritten, type WrittenClaim, writtenClaim } from "../../../src/privacy/index.js";
import { Cluster, type Domain, NAMES, type Name, PATIENCE_MS } from "../../federated/cluster.js";
import { Liar, type Script } from "../../federated/liar.js";
import type { Lies, Shown } from "../../federated/lying-board.js";
import { until } from "../../harness/index.js";

const sums = new SumsThread();
let cluster: Cluster;
let liars: Liar[] = [];
beforeAll(async () => {
  cluster = await Cluster.open();
}, 60_000);
afterEach(async () => {
  await Promise.all(liars.map((liar) => liar.stop()));
  liars = [];
});
afterAll(async () => {
  await cluster?.close();
  await sums.close();
});

interface Told {
  id: string;
  round: number;
}

/** A round over an honest collaboration, whose coordinator lies from when it is opened. */
async function lied(lies: Lies): Promise<Told> {
  const id = await cluster.collaboration();
  cluster.board.lie(id, lies);
  return { id, round: await cluster.ask(id) };
}

const keyOf = (name: Name): string => cluster.domains[name].key;
const by = (message: Message, name: Name, kind: Message["kind"]): boolean =>
  message.author === keyOf(name) && message.kind === kind;

function nothingOpened({ id, round }: Told, names: readonly Name[] = NAMES): void {
  for (const name of names) expect([name, cluster.domains[name].opened(id, round)]).toEqual([name, false]);
}

const nobodyShared = ({ id, round }: Told, names: readonly Name[] = NAMES): void => {
  for (const name of names)
    expect(cluster.domains[name].said(id, round).map((m) => m.kind)).not.toContain("share");
};

/** Those that come after one are a place nearer, so that no place is missing. */
const closedUp = (shown: Shown[]): Shown[] => shown.map((m, i) => ({ ...m, seq: i + 1 }));

/** The insurer trusts the board no more, for this reason, with this message as evidence. */
async function distrusted(told: Told, reason: string): Promise<Record<string, unknown>> {
  const entry = await cluster.entry("insurer", told.id, "collaboration.suspended");
  expect(entry).toMatchObject({ reason });
  expect(cluster.domains.insurer.state(told.id)).toBe("suspended");
  nothingOpened(told);
  nobodyShared(told);
  return entry;
}

/** Shown to the insurer alone. */
const toInsurer = (change: (all: Shown[]) => Shown[]): Lies => ({
  board: (all, to) => (to === keyOf("insurer") ? change(all) : all),
});

describe("messages", () => {
  test("one that is dropped leaves a place empty", async () => {
    const told = await lied(toInsurer((all) => all.filter((m) => !by(m.message, "hospital", "key_commit"))));
    await distrusted(told, "a place of the board is left out, or comes twice");
  });

  test("one that is dropped, with the others moved up, is missed by its author's next", async () => {
    const told = await lied(
      toInsurer((all) => closedUp(all.filter((m) => !by(m.message, "hospital", "key_commit")))),
    );
    // The insurer waits for it; what the hospital says next would come without it.
    const { insurer } = cluster.domains;
    const { hospital } = cluster.domains;
    const spoke = (domain: Domain) => domain.said(told.id, told.round).length > 0;
    await until(() => spoke(insurer) && spoke(hospital), "both to have spoken", PATIENCE_MS);
    hospital.rooms.federation.move(hospital.operator, told.id, "withdraw");
    const entry = await distrusted(told, "a message before one that is there is missing");
    expect(entry.author).toBe(keyOf("hospital"));
  });

  test("one that is changed is not what its author signed", async () => {
    const told = await lied(
      toInsurer((all) =>
        all.map((m) =>
          by(m.message, "hospital", "key_commit")
            ? { ...m, message: { ...m.message, body: { ...m.message.body, commitment: "0".repeat(64) } } }
            : m,
        ),
      ),
    );
    const entry = await distrusted(told, "a message that its author did not sign");
    expect(entry).toMatchObject({ author: keyOf("hospital"), number: 2 });
  });

  test("one that comes again has two places", async () => {
    const told = await lied(
      toInsurer((all) => {
        const first = all.find((m) => by(m.message, "hospital", "key_commit"));
        return first === undefined ? all : closedUp([...all, first]);
      }),
    );
    await distrusted(told, "a message has two places on the board");
  });

  test("two of one author in another order do not follow each other", async () => {
    const told = await lied(
      toInsurer((all) => {
        const commit = all.findIndex((m) => by(m.message, "hospital", "key_commit"));
        if (commit < 0) return all;
        const join = all.findIndex((m) => by(m.message, "hospital", "join"));
        // Those before were heard; the later one stands in the place of the one that it follows.
        return closedUp([...all.slice(0, commit), all[join]!, ...all.slice(commit)]);
      }),
    );
    await distrusted(told, "a message has two places on the board");
  });

  test("one of an earlier collaboration is no message of this one", async () => {
    const earlier = await cluster.collaboration();
    let replayed: Shown | undefined;
    cluster.board.lie(earlier, {
      board(all) {
        replayed = all.find((m) => by(m.message, "hospital", "key_commit")) ?? replayed;
        return all;
      },
    });
    await cluster.ask(earlier);
    await until(() => replayed !== undefined, "a message to replay", PATIENCE_MS);
    const told = await lied(
      toInsurer((all) => (all.some((m) => m.message.kind === "open") ? closedUp([...all, replayed!]) : all)),
    );
    await distrusted(told, "a message of nobody who is of it");
  });

  test("a place that is given to two is seen by who posted", async () => {
    const told = await lied({ posted: (seq, from) => (from === keyOf("insurer") ? 1 : seq) });
    await distrusted(told, "a place of the board is given twice");
  });

  test("all of one domain's, withheld: nobody goes on, and nothing opens", async () => {
    const told = await lied({
      board: (all, to) =>
        to === keyOf("hospital")
          ? all
          : closedUp(all.filter((m) => !by(m.message, "hospital", "data_reveal"))),
    });
    const { bureau, insurer } = cluster.domains;
    const spoke = (name: Name) => cluster.domains[name].said(told.id, told.round).at(-1)?.kind;
    await until(
      () => spoke("bureau") === "data_reveal" && spoke("insurer") === "data_reveal",
      "those who see less to wait",
      PATIENCE_MS,
    );
    nothingOpened(told);
    nobodyShared(told);
    expect([bureau.state(told.id), insurer.state(told.id)]).toEqual(["active", "active"]);
  });
});

describe("blobs", () => {
  test.each([
    ["another's", "it gave something else in a blob's place", (_: Buffer) => Buffer.from("another")],
    ["with a bit changed", "it gave something else in a blob's place", flipped],
    ["none", "it lacks a blob that it took", () => undefined],
  ])("one that is %s is the coordinator's doing", async (_, what, blob) => {
    const told = await lied({ blob: (content, to) => (to === keyOf("insurer") ? blob(content) : content) });
    expect(await cluster.entry("insurer", told.id, "round.refused")).toEqual({
      round: told.round,
      attempt: 1,
      reason: "protocol",
      author: cluster.coordinator.key,
      what,
    });
    nothingOpened(told);
    nobodyShared(told);
  });
});

function flipped(content: Buffer): Buffer {
  const copy = Buffer.from(content);
  copy[0]! ^= 1;
  return copy;
}

describe("specs", () => {
  test("another one for one participant is known by its hash when that participant joins", async () => {
    const all = NAMES.map(cluster.honest);
    const id = cluster.propose(all);
    cluster.board.lie(id, {
      spec: (spec, to) => (to === keyOf("insurer") ? { ...spec, threshold: 3, max_rows: 2 } : spec),
    });
    await cluster.join(id, all);
    const entry = await cluster.entry("bureau", id, "collaboration.suspended");
    expect(entry.reason).toBe("its author names another spec of this collaboration");
    // The other one sees as early that the coordinator proposed something else than it was shown.
    await cluster.entry("hospital", id, "collaboration.suspended");
    expect(NAMES.map((name) => cluster.domains[name].state(id))).not.toContain("active");
  });
});

describe("with a participant that lies", () => {
  async function withLiar(script: Script): Promise<{ id: string; liar: Liar }> {
    const liar = new Liar("insurer", sums, script);
    liars.push(liar);
    return { id: await cluster.collaboration([liar]), liar };
  }
  const honest: readonly Name[] = ["bureau", "hospital"];

  test("two keys of one number, one for each of the others: they find out before anything is revealed or shared", async () => {
    let other: Shown | undefined;
    const { id, liar } = await withLiar(async (said, place, me) => {
      if (said.kind !== "key_commit") return said;
      // The same number twice: one for the board, one that the coordinator keeps for the hospital.
      const forked = me.signed({
        ...said,
        round: 1,
        attempt: 1,
        body: { ...said.body, commitment: me.commit(place, "key_share", Buffer.alloc(9)).commitment },
      });
      other = { ...forked, seq: 0 };
      return said;
    });
    cluster.board.lie(id, {
      board: (all, to) =>
        to === keyOf("hospital")
          ? all.map((m) =>
              m.message.author === liar.key && m.message.kind === "key_commit"
                ? { ...other!, seq: m.seq }
                : m,
            )
          : all,
    });
    const round = await cluster.ask(id);
    // Its next message follows the one that the hospital was not shown.
    const entry = await cluster.entry("hospital", id, "collaboration.suspended");
    expect(entry).toMatchObject({ reason: "two messages of one number", author: liar.key });
    nothingOpened({ id, round }, honest);
    nobodyShared({ id, round }, honest);
  });

  test("two questions of one number, one for each of the others: no key is revealed", async () => {
    const liar = new Liar("bureau", sums, (said) => said);
    liars.push(liar);
    const id = await cluster.collaboration([liar]);
    await until(() => liar.messages.length >= 4, "all to have joined", PATIENCE_MS);
    const asking = (rows: WrittenClaim) =>
      claimFromWritten(rows, "sums", spokenColumns(liar.spec), "statistic").statistic as unknown;
    const one = { statistic: asking(writtenClaim.parse({ kind: "table", rows: ["sex"] })) };
    const byAge = { value: "age", edges: [0, 60, 120] };
    const other = { statistic: asking(writtenClaim.parse({ kind: "table", rows: [byAge] })) };
    const forked = liar.signed({ kind: "open", round: 1, attempt: 1, body: other as Message["body"] });
    const question = messageHash(forked.message);
    // A chain of its own for the insurer, in which everything follows what it is shown.
    const forInsurer = ({ message, signature, seq }: Shown): Shown => {
      if (message.author !== liar.key || message.round !== 1) return { message, signature, seq };
      if (message.kind === "open") return { ...forked, seq };
      const body = { ...message.body, ...(message.kind === "key_commit" ? { question } : {}) };
      return { ...liar.forked({ ...message, previous: question, body }), seq };
    };
    cluster.board.lie(id, {
      board: (all, to) => (to === keyOf("insurer") ? all.map(forInsurer) : all),
    });
    const opened = await liar.say({ kind: "open", round: 1, attempt: 1, body: one as Message["body"] });
    expect(messageHash(opened.message)).not.toBe(messageHash(forked.message));
    const refused = await Promise.race([
      cluster.entry("hospital", id, "round.refused"),
      cluster.entry("insurer", id, "round.refused"),
    ]);
    expect(refused).toMatchObject({
      reason: "protocol",
      what: "it answers another question than the board shows here",
    });
    for (const name of ["hospital", "insurer"] as const)
      expect(cluster.domains[name].said(id, 1).map((m) => m.kind)).not.toContain("key_reveal");
    nothingOpened({ id, round: 1 }, ["hospital", "insurer"]);
  });
});

test("a coordinator that is trusted no more is asked nothing more, and told nothing", async () => {
  const told = await lied(toInsurer((all) => closedUp(all.slice(1))));
  await cluster.entry("insurer", told.id, "collaboration.suspended");
  const { board, domains } = cluster;
  // What was under way is answered; then there is silence, whatever the others say.
  await until(() => domains.bureau.said(told.id, told.round).length > 0, "the others to go on", PATIENCE_MS);
  const asked = board.askedBy(told.id, keyOf("insurer"));
  await cluster.ask(told.id);
  const before = board.askedBy(told.id, keyOf("bureau"));
  await until(
    () => board.askedBy(told.id, keyOf("bureau")) > before + 2,
    "the others to ask again",
    PATIENCE_MS,
  );
  expect(board.askedBy(told.id, keyOf("insurer"))).toBe(asked);
  expect(domains.insurer.told(told.id, "collaboration.suspended")).toHaveLength(1);
});
