/**
 * Promise 1, attacked at the catalogue: no role but the owner and the auditors that the owner named learns anything
 * that depends on the data, be it a count, a hash, a version or the words of an error.
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { createEngine, type DatasetInput, type Engine } from "../../../src/catalog/index.js";
import { type Actor, GloveboxError } from "../../../src/vocabulary/index.js";
import { type CatalogFixture, catalogFixture, give, grantInput } from "../../catalog/fixture.js";

const SECRET = ["CANARY-LIN", "CANARY-WU", "CANARY-CHEN", "48611", "73219", "90127"];
const CONTENT = `person,income,town
CANARY-LIN,48611,Wuhan
CANARY-WU,73219,Chengdu
CANARY-CHEN,90127,Wuhan
`;
/** The same schema over other people, and more of them. */
const NEIGHBOUR = `person,income,town\n${Array.from({ length: 50 }, (_, i) => `p${i},${i},Xian`).join("\n")}\n`;
const ENTRY: Omit<DatasetInput, "name"> = {
  unit_column: "person",
  auditors: ["auditor"],
  columns: [{ name: "income", bounds: [0, 100000] }],
  synthetic_rows: 50,
};

let f: CatalogFixture<Engine>;
beforeAll(async () => {
  f = catalogFixture(undefined, createEngine());
  for (const [name, content] of [
    ["draft", CONTENT],
    ["secret", CONTENT],
    ["neighbour", NEIGHBOUR],
  ] as const) {
    f.catalog.datasets.create(f.owner, { name, ...ENTRY });
    await f.catalog.datasets.putContent(f.owner, name, Readable.from([content]), "text/csv");
    if (name === "draft") continue;
    f.catalog.datasets.assess(f.owner, name);
    f.catalog.datasets.publish(f.owner, name);
  }
  give(f, "secret");
});
afterAll(async () => {
  await f.engine.close();
  f.end();
});

const outsiders = (): Actor[] => [f.researcher, f.operator, f.stranger, f.otherOwner, f.admin];

/** Everything that the catalogue says to an actor who asks it everything; errors included. */
async function allAnswers(actor: Actor, name: string): Promise<string> {
  const { datasets, grants, principals } = f.catalog;
  const csv = () => Readable.from([CONTENT]);
  const asked: (() => unknown)[] = [
    () => datasets.get(actor, name),
    () => datasets.list(actor),
    () => datasets.budget(actor, name),
    async () => (await buffer(await datasets.synthetic(actor, name))).toString(),
    () => datasets.patch(actor, name, { title: "mine" }),
    () => datasets.patch(actor, name, { auditors: [actor.name] }),
    () => datasets.assess(actor, name),
    () => datasets.publish(actor, name),
    () => datasets.suspend(actor, name),
    () => datasets.retire(actor, name),
    () => datasets.putContent(actor, name, csv(), "text/csv"),
    () => grants.list(actor),
    () => grants.create(actor, { ...grantInput(f, name), constraints: { drop_columns: ["person"] } }),
    () => grants.create(actor, { ...grantInput(f, name), constraints: { drop_columns: ["CANARY"] } }),
    () =>
      grants.usable({
        principal: actor.id,
        dataset: name,
        access: "sandbox",
        kind: "sandbox",
        now: f.clock.now(),
      }),
    () => principals.list(actor),
  ];
  const said: string[] = [];
  for (const ask of asked) {
    try {
      said.push(JSON.stringify(await ask()) ?? "");
    } catch (error) {
      if (!(error instanceof GloveboxError)) throw error;
      said.push(JSON.stringify([error.code, error.message, error.params, String(error.cause)]));
    }
  }
  return said.join("\n");
}

describe("an outsider who asks everything", () => {
  test("is told no value, count, hash or version", async () => {
    const inside = f.catalog.datasets.get(f.owner, "secret").versions![0]!;
    const version = f.catalog.datasets.version(inside.version);
    const hidden = [
      ...SECRET,
      inside.sha256,
      version.sha256,
      version.object,
      version.id,
      '"rows"',
      '"units"',
    ];
    for (const actor of outsiders()) {
      const answers = await allAnswers(actor, "secret");
      for (const what of hidden)
        expect([actor.name, what, answers.includes(what)]).toEqual([actor.name, what, false]);
    }
    expect(f.catalog.datasets.row("secret")).toMatchObject({ state: "published", title: null });
  });

  test("is told of a draft, to the letter, what is told of a name that was never registered", async () => {
    for (const actor of outsiders()) {
      const unknown = await allAnswers(actor, "never-registered");
      expect(await allAnswers(actor, "draft")).toBe(unknown);
    }
    const { id } = f.catalog.datasets.row("draft");
    const [byId, byUnknownId] = [id, "dst_01JDXXXXXXXXXXXXXXXXXXXXXX"].map((wanted) => {
      try {
        return f.catalog.datasets.get(f.researcher, wanted);
      } catch (error) {
        return JSON.stringify([String(error), (error as GloveboxError).params]);
      }
    });
    expect(byId).toBe(byUnknownId);
  });

  test("cannot tell two datasets of the same schema apart by what is public of them", async () => {
    const shown = (name: string) => {
      const { id, created_at, rev, ...rest } = f.catalog.datasets.get(f.researcher, name);
      return { ...rest, name: "NAME" };
    };
    expect(shown("secret")).toEqual(shown("neighbour"));
  });

  test("cannot tell from the twin or from public metadata that the content was replaced", async () => {
    const look = async () => {
      const { rev, ...view } = f.catalog.datasets.get(f.researcher, "neighbour");
      return [view, (await buffer(await f.catalog.datasets.synthetic(f.researcher, "neighbour"))).toString()];
    };
    const before = await look();
    await f.catalog.datasets.putContent(f.owner, "neighbour", Readable.from([CONTENT]), "text/csv");
    expect(await look()).toEqual(before);
  });
});

test("the rehearsal's View is the same whatever the data are", async () => {
  const grant = f.catalog.grants.row(give(f, "neighbour").id);
  const twin = async () => {
    const versionId = f.catalog.datasets.row("neighbour").current_version!;
    return (await f.catalog.views.ensure({ grant, versionId, mode: "dry_run" })).sha256;
  };
  const before = await twin();
  await f.catalog.datasets.putContent(f.owner, "neighbour", Readable.from([NEIGHBOUR]), "text/csv");
  expect(await twin()).toBe(before);
});

test("nothing under the data directory holds a value in clear, after import, View, twin and scan", async () => {
  const grant = f.catalog.grants.row(give(f, "secret").id);
  const versionId = f.catalog.datasets.row("secret").current_version!;
  await f.catalog.views.ensure({ grant, versionId, mode: "real" });
  await f.catalog.scanOutputs({
    versionIds: [versionId],
    texts: [{ name: "t", content: Buffer.from(CONTENT) }],
  });
  const found: string[] = [];
  const search = (path: string) => {
    if (statSync(path).isDirectory()) for (const name of readdirSync(path)) search(join(path, name));
    else {
      const bytes = readFileSync(path);
      for (const secret of SECRET) {
        const hex = Buffer.from(secret).toString("hex");
        const base64 = Buffer.from(secret).toString("base64").replaceAll("=", "");
        for (const form of [secret, hex, base64]) if (bytes.includes(form)) found.push(`${path}: ${secret}`);
      }
    }
  };
  search(f.store.dataDir);
  expect(found).toEqual([]);
});
