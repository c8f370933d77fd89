/**
 * A participant that does not keep to the protocol: whatever it says, nothing opens but what all agreed to, and the domains
 * that refuse have what it signed in their ledgers.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import type { Said } from "../../../src/federated/member/attempt.js";
import { type Message, messageHash } from "../../../src/federated/messages/message.js";
import { sealFor } from "../../../src/federated/messages/seal.js";
import { SumsThread } from "../../../src/federated/sums/thread.js";
import { add, fromBig, negate, zero } from "../../../src/privacy/he/ring.js";
import {
  DEGREE,
  elementBytes,
  readCiphertext,
  readElement,
  SealRing,
  writeCiphertext,
  writeElement,
} from "../../../src/privacy/index.js";
import { Cluster, type Name, PATIENCE_MS } from "../../federated/cluster.js";
import { Liar, type Place, type Script } from "../../federated/liar.js";
import { until } from "../../harness/index.js";

const HONEST: readonly Name[] = ["bureau", "hospital"];
const OTHER_THAN_COMMITTED = "what it revealed is not what it had committed to";
const MALFORMED = "a ciphertext of its is malformed or transparent";

const ring = await SealRing.open();
const { modulus } = ring;
const size = elementBytes(modulus);
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

interface Lie {
  id: string;
  round: number;
  liar: Liar;
}

async function lie(script: Script): Promise<Lie> {
  const liar = new Liar("insurer", sums, script);
  liars.push(liar);
  const id = await cluster.collaboration([liar]);
  return { id, round: await cluster.ask(id), liar };
}

const spoken = ({ liar }: Lie, kind: Message["kind"]): Message => liar.own.find((m) => m.kind === kind)!;

/** Someone honest refused it with evidence, nobody gave a share, and nobody opened anything. */
async function refused(told: Lie, what: string, kind: Message["kind"]): Promise<void> {
  const { id, round, liar } = told;
  const refusals = () => HONEST.flatMap((name) => cluster.domains[name].told(id, "round.refused"));
  await until(() => refusals().length > 0, "a refusal", PATIENCE_MS);
  const { number } = spoken(told, kind);
  expect(refusals()[0]).toEqual({
    round,
    attempt: 1,
    reason: "protocol",
    author: liar.key,
    what,
    number,
    hash: messageHash(spoken(told, kind)),
  });
  nothingOpened(told);
}

function nothingOpened({ id, round }: Lie, shares = 0): void {
  for (const name of HONEST) {
    expect([name, cluster.domains[name].opened(id, round)]).toEqual([name, false]);
    const given = cluster.domains[name].said(id, round).filter((m) => m.kind === "share");
    expect(given.length).toBeLessThanOrEqual(shares);
  }
}

/** Replaces what is said at one step. */
const at =
  (kind: Message["kind"], change: (said: Said, place: Place, liar: Liar) => Promise<Said> | Said): Script =>
  (said, place, liar) =>
    said.kind === kind ? change(said, place, liar) : said;

const of = (place: Place, kind: Message["kind"], author: string): Message =>
  place.messages.find((m) => m.kind === kind && m.author === author)!;

const honestKey = (name: Name): string => cluster.domains[name].key;

describe("keys", () => {
  test("one that is chosen after the others' were seen is not the one that was committed to", async () => {
    const told = await lie(async (said, place, liar) => {
      if (said.kind !== "key_reveal") return said;
      // Waits until the others have revealed theirs, and takes the key that makes the collective one its own.
      const others = HONEST.map((name) => of(place, "key_reveal", honestKey(name)));
      if (others.some((m) => m === undefined)) return undefined;
      let own = readElement(await liar.get(place.secret.key_blob), modulus, "own");
      for (const { body } of others) {
        const theirs = readElement(await liar.get((body.blobs as string[])[0]!), modulus, "theirs");
        own = add(own, negate(theirs, modulus), modulus);
      }
      return { ...said, body: { ...said.body, blobs: [liar.put(writeElement(own))] } };
    });
    await refused(told, OTHER_THAN_COMMITTED, "key_reveal");
  });

  test("another's commitment, said after it, opens for nobody but its author", async () => {
    const copy =
      (kind: Message["kind"]): Script =>
      (said, place) => {
        if (said.kind !== kind) return said;
        const theirs = of(place, kind, honestKey("bureau"));
        return theirs && { ...said, body: theirs.body };
      };
    const told = await lie(async (said, place, liar) =>
      said.kind === "key_commit"
        ? copy("key_commit")(said, place, liar)
        : copy("key_reveal")(said, place, liar),
    );
    await refused(told, OTHER_THAN_COMMITTED, "key_reveal");
  });

  test("one that is malformed is its author's", async () => {
    const content = Buffer.alloc(size, 0xff);
    let nonce = "";
    const told = await lie((said, place, liar) => {
      if (said.kind === "key_commit") {
        const committed = liar.commit(place, "key_share", content);
        nonce = committed.nonce;
        return { ...said, body: { ...said.body, commitment: committed.commitment } };
      }
      if (said.kind !== "key_reveal") return said;
      return { ...said, body: { nonce, blobs: [liar.put(content)] } };
    });
    await refused(told, "its key share is malformed", "key_reveal");
  });

  test("one for a question that nobody else was asked is found out before any is revealed", async () => {
    const told = await lie(
      at("key_commit", (said) => ({ ...said, body: { ...said.body, question: "0".repeat(64) } })),
    );
    await refused(told, "it answers another question than the board shows here", "key_commit");
    for (const name of HONEST)
      expect(cluster.domains[name].said(told.id, told.round).map((m) => m.kind)).not.toContain("key_reveal");
  });
});

describe("ciphertexts", () => {
  test("one that cancels another's is not the one that was committed to", async () => {
    const told = await lie(async (said, place, liar) => {
      if (said.kind !== "data_reveal") return said;
      const theirs = of(place, "data_reveal", honestKey("hospital"));
      if (theirs === undefined) return undefined;
      const [c0, c1] = readCiphertext(await liar.get((theirs.body.blobs as string[])[0]!), modulus, "theirs");
      const cancelling = writeCiphertext([negate(c0, modulus), negate(c1, modulus)]);
      return { ...said, body: { ...said.body, blobs: [liar.put(cancelling)] } };
    });
    await refused(told, OTHER_THAN_COMMITTED, "data_reveal");
  });

  /** Committed to from the first, so that only its form can give it away. */
  const committed =
    (content: Buffer): Script =>
    (said, place, liar) => {
      if (said.kind === "data_commit") {
        const { nonce, commitment } = liar.commit(place, "ciphertexts", content);
        place.secret.data_nonce = nonce;
        return { ...said, body: { commitment } };
      }
      if (said.kind !== "data_reveal") return said;
      return { ...said, body: { nonce: place.secret.data_nonce!, blobs: [liar.put(content)] } };
    };
  const uniform = fromBig(
    Array.from({ length: DEGREE }, (_, i) => (modulus.q / 3n + BigInt(i)) % modulus.q),
    modulus,
  );
  const spike = fromBig(
    Array.from({ length: DEGREE }, (_, i) => (i === 0 ? 2n ** 140n : 0n)),
    modulus,
  );

  test.each([
    ["transparent", writeCiphertext([uniform, zero(modulus)]), MALFORMED],
    ["of residues that are no residues", Buffer.alloc(2 * size, 0xff), MALFORMED],
    ["of half the degree", Buffer.alloc(size), "it has another number of ciphertexts"],
    ["of a prime less", Buffer.alloc((2 * size * 2) / 3), "it has another number of ciphertexts"],
  ])("one that is %s is its author's", async (_, content, what) => {
    await refused(await lie(committed(content)), what, "data_reveal");
  });

  test("more of them than were asked for are its author's", async () => {
    const told = await lie(
      at("data_reveal", (said, _, liar) => {
        const blobs = [...(said.body.blobs as string[]), liar.put(Buffer.alloc(7))];
        return { ...said, body: { ...said.body, blobs } };
      }),
    );
    await refused(told, "it revealed more than was asked for", "data_reveal");
  });

  test("a spike in the second element, committed to before the others' are seen, opens nothing and tells no key", async () => {
    const told = await lie(committed(writeCiphertext([uniform, spike])));
    const { id, round } = told;
    const refusals = () => HONEST.flatMap((name) => cluster.domains[name].told(id, "round.refused"));
    await until(() => refusals().length > 0, "a refusal", PATIENCE_MS);
    expect(refusals()[0]).toMatchObject({ reason: "protocol", what: "the shares do not open the sum" });
    nothingOpened(told, 1);
    expect(round).toBe(1);
  });
});

describe("shares", () => {
  const steered =
    (shift: bigint, names: readonly string[]): Script =>
    async (said, place, liar) => {
      if (said.kind !== "share") return said;
      // Waits for the others' shares, and gives its own moved by what it likes.
      if (HONEST.some((name) => of(place, "share", honestKey(name)) === undefined)) return undefined;
      const transcript = String(of(place, "transcript", liar.key).body.transcript);
      const step = fromBig(
        Array.from({ length: DEGREE }, () => shift),
        modulus,
      );
      const moved = writeElement(add(uniformShare, step, modulus));
      const to = { ...(said.body.to as Record<string, string>) };
      for (const name of names) {
        const key = cluster.domains[name as Name].key;
        const join = liar.messages.find(({ message }) => message.kind === "join" && message.author === key)!;
        const sealing = String(join.message.body.sealing_key);
        to[name] = liar.put(sealFor(sealing, `share\n${transcript}\n${liar.key}`, moved));
      }
      return { ...said, body: { ...said.body, blobs: Object.values(to), to } };
    };
  const uniformShare = fromBig(
    Array.from({ length: DEGREE }, (_, i) => BigInt(i)),
    modulus,
  );

  test("one that is chosen after the others' are there steers nothing", async () => {
    const told = await lie(steered(modulus.q / modulus.t, HONEST));
    const { id, liar } = told;
    const refusal = await cluster.entry("bureau", id, "round.refused");
    expect(refusal).toMatchObject({ author: liar.key, what: OTHER_THAN_COMMITTED });
    nothingOpened(told, 1);
  });

  test("who gives two recipients different ones is caught by the one whose share was not committed to", async () => {
    const told = await lie(steered(0n, ["hospital"]));
    const { id, liar } = told;
    expect(await cluster.entry("hospital", id, "round.refused")).toMatchObject({
      author: liar.key,
      what: OTHER_THAN_COMMITTED,
      number: spoken(told, "share").number,
      hash: messageHash(spoken(told, "share")),
    });
    expect(cluster.domains.hospital.opened(id, told.round)).toBe(false);
  });

  test("one that is sealed for nobody who is of it opens nothing", async () => {
    const told = await lie(
      at("share", (said, _, liar) => {
        const strange = liar.put(sealFor(liar.sealing.publicKey, "share", Buffer.alloc(size)));
        const to = { bureau: strange, hospital: strange };
        return { ...said, body: { ...said.body, blobs: [strange], to } };
      }),
    );
    expect(await cluster.entry("bureau", told.id, "round.refused")).toMatchObject({
      author: told.liar.key,
      what: "its share is not sealed for this domain",
    });
    nothingOpened(told, 1);
  });

  test("whoever signs another transcript gets none", async () => {
    const told = await lie(
      at("transcript", (said) => ({ ...said, body: { ...said.body, transcript: "1".repeat(64) } })),
    );
    await refused(told, "it signed another transcript", "transcript");
  });
});

test("two messages of one number are kept by the board as what they prove, and neither goes on", async () => {
  const { liar, id } = await lie((said) => said);
  await until(() => liar.own.length > 1, "it to say something", PATIENCE_MS);
  const forked = liar.own[0]!;
  const other = liar.forked({ ...forked, kind: "withdraw" });
  await expect(liar.client.post(other)).rejects.toThrow("refused with status 409");
  expect(cluster.coordinator.told(id, "collaboration.fork_seen")).toEqual([
    { number: forked.number, hashes: [messageHash(forked), messageHash(other.message)] },
  ]);
});
