import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { packZip } from "../../src/airlock/bundle/pack.js";
import { verifyBundle } from "../../src/airlock/index.js";
import { readZip } from "../../src/airlock/zip.js";
import { canonicalJson, type JsonObject } from "../../src/ledger/index.js";
import { type AirlockFixture, airlockFixture, bundleOf, reviewed } from "./fixture.js";

let f: AirlockFixture;
let zip: Buffer;
let other: Buffer;

beforeAll(async () => {
  f = await airlockFixture();
  zip = await bundleOf(f, (await reviewed(f)).id);
  other = await bundleOf(f, (await reviewed(f, ["approve", "approve"], ["t2.csv"])).id);
});
afterAll(() => f.end());

const unpack = (bytes: Buffer): Map<string, Buffer> => {
  const read = readZip(bytes);
  if ("problem" in read) throw new Error(read.problem.what);
  return new Map([...read.files].map(([name, content]) => [name, Buffer.from(content)]));
};
async function pack(files: Map<string, Buffer>): Promise<Buffer> {
  const parts: Buffer[] = [];
  const list = [...files].map(([name, content]) => ({ name, content }));
  for await (const part of packZip(list)) parts.push(part);
  return Buffer.concat(parts);
}
const flipped = (bytes: Buffer, bit: number): Buffer => {
  const bad = Buffer.from(bytes);
  bad[bit >> 3]! ^= 1 << (bit & 7);
  return bad;
};
/** The bundle with a file put in place of its own, in a zip that is right again. */
const replacing = (name: string, content: Buffer) => pack(new Map([...unpack(zip), [name, content]]));
const json = (name: string, from: Buffer = zip) =>
  JSON.parse(unpack(from).get(name)!.toString()) as { [key: string]: never } & JsonObject;
const wheres = (bytes: Buffer) => verifyBundle(bytes).problems.map((p) => p.where);

test("its files are these, and unpacking and packing gives the same bytes", async () => {
  expect([...unpack(zip).keys()]).toEqual([
    "checkpoint",
    "findings.json",
    "job.json",
    "outputs/model.json",
    "outputs/t1.csv",
    "receipt.json",
    "reviews.json",
    "ro-crate-metadata.json",
  ]);
  expect((await pack(unpack(zip))).equals(zip)).toBe(true);
});

test("it is an RO-Crate: every part has an entity, and every reference leads to one", () => {
  const crate = json("ro-crate-metadata.json") as unknown as {
    "@context": string;
    "@graph": { "@id": string; "@type": string; hasPart?: { "@id": string }[] }[];
  };
  expect(crate["@context"]).toBe("https://w3id.org/ro/crate/1.1/context");
  const ids = new Set(crate["@graph"].map((e) => e["@id"]));
  const references = [...JSON.stringify(crate["@graph"]).matchAll(/\{"@id":"([^"]+)"\}/g)].map((m) => m[1]!);
  const dangling = references.filter((id) => !ids.has(id) && !id.startsWith("https://w3id.org/"));
  expect(dangling).toEqual([]);
  const parts = crate["@graph"].find((e) => e["@id"] === "./")!.hasPart!.map((p) => p["@id"]);
  expect([...parts, "ro-crate-metadata.json"].sort()).toEqual([...unpack(zip).keys()]);
});

test("it tells no cell of a finding, no hash of a View, no moment of the run", () => {
  const text = [...unpack(zip).values()].map((b) => b.toString("latin1")).join("\n");
  const view = f.store.db.prepare("SELECT sha256, id FROM views").get() as { sha256: string; id: string };
  expect(text).not.toContain(view.sha256);
  expect(text).not.toContain(view.id);
  expect(JSON.stringify(json("findings.json"))).not.toContain("cells");
  const receipt = json("receipt.json") as unknown as {
    entries: { step: string; opening: { time: string } }[];
  };
  for (const { step, opening } of receipt.entries)
    if (step === "run" || step === "output") expect(opening.time).toMatch(/:00:00Z$/);
  const run = json("job.json").run as unknown as { id: string };
  expect(run.id.slice(4, 14)).toBe(f.job.slice(4, 14));
});

describe("one flipped bit anywhere is caught and named", () => {
  test("every byte of the bundle", () => {
    const missed: number[] = [];
    for (let at = 0; at < zip.length; at++) {
      const { ok, problems, proves } = verifyBundle(flipped(zip, at * 8 + (at % 8)));
      if (ok || proves.length > 0 || !problems[0]?.where) missed.push(at);
    }
    expect(missed).toEqual([]);
  });

  test("every seventeenth byte of each file, in a zip that is made right again: the file is named", async () => {
    const files = unpack(zip);
    const missed: string[] = [];
    for (const [name, content] of files) {
      for (let at = content.length % 17; at < content.length; at += 17) {
        const bad = await pack(new Map([...files, [name, flipped(content, at * 8 + (at % 8))]]));
        const found = wheres(bad).join();
        // A flip in the receipt's key or origin shows at what they open.
        if (found === "" || (name !== "receipt.json" && !found.includes(name))) missed.push(`${name}: ${at}`);
      }
    }
    expect(missed).toEqual([]);
  });
});

describe("other attacks on a bundle", () => {
  test("a file that is not of a bundle, and one that is missing", async () => {
    expect(wheres(await replacing("readme.txt", Buffer.from("hello")))).toEqual(["readme.txt"]);
    expect(wheres(await replacing("outputs/extra.csv", Buffer.from("a\n1\n")))).toContain(
      "outputs/extra.csv",
    );
    expect(wheres(await replacing("outputs/../up", Buffer.from("x")))).toEqual(["outputs/../up"]);
    for (const name of unpack(zip).keys()) {
      const files = unpack(zip);
      files.delete(name);
      expect(wheres(await pack(files)).join()).toContain(name);
    }
  });

  test("an earlier head that no part of this bundle speaks of", async () => {
    const continues = { size: 1, proof: f.ledger.consistencyProof(1, 2) };
    const receipt = Buffer.from(canonicalJson({ ...json("receipt.json"), continues }));
    expect(wheres(await replacing("receipt.json", receipt))).toEqual(["receipt.json"]);
  });

  test("two outputs swapped", async () => {
    const files = unpack(zip);
    const [a, b] = [files.get("outputs/t1.csv")!, files.get("outputs/model.json")!];
    const bad = await pack(new Map([...files, ["outputs/t1.csv", b], ["outputs/model.json", a]]));
    expect(wheres(bad)).toEqual(expect.arrayContaining(["outputs/t1.csv", "outputs/model.json"]));
  });

  test("slack, an entry out of order, a second zip behind", () => {
    expect(wheres(Buffer.concat([zip, Buffer.of(0)]))).toEqual(["zip"]);
    expect(wheres(Buffer.concat([zip, other]))).toEqual(["zip"]);
    expect(wheres(Buffer.concat([Buffer.of(0), zip]))).not.toEqual([]);
  });

  test.each(["reviews.json", "receipt.json", "job.json", "findings.json", "checkpoint"])(
    "%s of another release",
    async (name) => {
      const bad = await replacing(name, unpack(other).get(name)!);
      // The later, longer log proves as much; everything else is of its own release.
      if (name !== "checkpoint") expect(wheres(bad).length).toBeGreaterThan(0);
      else expect(wheres(bad).join()).toContain("receipt.json");
    },
  );

  test("JSON that means the same in another form", async () => {
    for (const name of ["job.json", "receipt.json", "reviews.json", "findings.json"]) {
      expect(wheres(await replacing(name, Buffer.from(JSON.stringify(json(name), null, 1))))).toEqual([name]);
      const more = Buffer.from(canonicalJson({ ...json(name), zz: 1 }));
      expect(wheres(await replacing(name, more))).toEqual([name]);
    }
  });

  test("a whole log made up by somebody else passes only where no key was given", async () => {
    const forger = await airlockFixture();
    try {
      const forged = await bundleOf(forger, (await reviewed(forger)).id);
      expect(verifyBundle(forged).ok).toBe(true);
      const pinned = verifyBundle(forged, { origin: f.ledger.origin, key: f.ledger.publicKey });
      expect(pinned.problems).toEqual([
        { where: "receipt.json", what: "names another log key than the one given" },
      ]);
    } finally {
      await forger.end();
    }
  });

  test("another origin than the one asked for", () => {
    const { problems } = verifyBundle(zip, { origin: "glovebox/other", key: f.ledger.publicKey });
    expect(problems[0]!.where).toBe("receipt.json");
  });
});

test("what is not proven is said: an unpinned key, no witness, the machine", () => {
  const { not_proven } = verifyBundle(zip);
  expect(not_proven.join("\n")).toMatch(/--key[\s\S]*reviewers' keys[\s\S]*no witness[\s\S]*machine/);
});

test("a witness's signature on the head changes nothing but that sentence", async () => {
  const note = `${unpack(zip).get("checkpoint")}— witness.example/w1 ${Buffer.alloc(76, 7).toString("base64")}\n`;
  const result = verifyBundle(await replacing("checkpoint", Buffer.from(note)));
  expect(result.ok).toBe(true);
  expect(result.not_proven.join("\n")).toContain("1 further signatures");
});
