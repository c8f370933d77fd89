/**
 * A job over the data of three owners: flchain split between a hospital and a registry, and a company's own list,
 * joined inside the container only. Each owner's grant is needed, at every moment, and each owner's two auditors.
 */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { parse } from "csv-parse/sync";
import { verifyBundle } from "../../src/airlock/index.js";
import {
  awaitJob,
  type Json,
  Person,
  type RunningNode,
  requestRelease,
  review,
  sandboxJob,
  signedReview,
  startNode,
  submitJob,
  until,
  Witness,
} from "../harness/index.js";
import { people as rows, unzip } from "./reference.js";

const JOIN = `import pandas
h = pandas.read_csv("/data/hospital.csv")
r = pandas.read_csv("/data/registry.csv")
c = pandas.read_csv("/data/customers.csv")
d = h.merge(r, on="id").merge(c, on="id")
t = d.groupby(["band", "sex"]).agg(count=("id", "size"), deaths=("death", "sum")).reset_index()
t.to_csv("/out/deaths.csv", index=False)
`;
const WAIT = "import time\ntime.sleep(60)\n";
const DATASETS = ["hospital", "registry", "customers"];
const bandOf = (id: string) => ["A", "B", "C"][Number(id.replace(/\D/g, "")) % 3]!;

interface Owner {
  person: Person;
  auditors: [Person, Person];
}

let node: RunningNode;
let admin: Person;
let company: Owner;
let hospital: Owner;
let registry: Owner;
/** By dataset. */
let grants: Record<string, string>;
const owners = () => ({ hospital, registry, customers: company });

beforeAll(async () => {
  node = await startNode();
  admin = Person.admin(node.url, node.adminToken);
  [hospital, registry, company] = [
    await owner("hospital-a", ["owner"]),
    await owner("registry-b", ["owner"]),
    await owner("company-c", ["owner", "researcher"]),
  ];
  const id = { name: "id", class: "identifier", grade: 3 };
  await publish(
    hospital,
    "hospital",
    ["id", "age", "sex", "kappa", "lambda", "creatinine"],
    [
      id,
      { name: "age", class: "quasi-identifier", grade: 3, bounds: [50, 101] },
      { name: "sex", class: "quasi-identifier", grade: 3, categories: ["F", "M"] },
    ],
  );
  await publish(
    registry,
    "registry",
    ["id", "futime", "death"],
    [id, { name: "death", grade: 3, bounds: [0, 1] }],
  );
  await publish(
    company,
    "customers",
    ["id", "band"],
    [id, { name: "band", grade: 2, categories: ["A", "B", "C"] }],
  );
  grants = {};
  for (const [dataset, { person }] of Object.entries(owners()))
    grants[dataset] = await grant(person, dataset);
});
afterAll(() => node?.destroy());

async function owner(name: string, roles: string[]): Promise<Owner> {
  const person = await Person.add(admin, name, roles);
  const auditors: [Person, Person] = [
    await Person.add(admin, `${name}-auditor-1`, ["auditor"]),
    await Person.add(admin, `${name}-auditor-2`, ["auditor"]),
  ];
  return { person, auditors };
}

/** Columns of flchain, and the company's own `band`, as a dataset of an owner. */
async function publish(of: Owner, name: string, columns: string[], declared: Json[]): Promise<void> {
  const auditors = of.auditors.map((auditor) => auditor.name);
  await of.person.must("POST", "/api/v1/datasets", { name, unit_column: "id", auditors, columns: declared });
  const lines = rows().map((row) =>
    columns.map((c) => (c === "band" ? bandOf(row.id ?? "") : row[c])).join(","),
  );
  const content = Buffer.from(`${[columns.join(","), ...lines].join("\n")}\n`);
  await of.person.must("PUT", `/api/v1/datasets/${name}/content`, content, { "content-type": "text/csv" });
  await of.person.must("POST", `/api/v1/datasets/${name}/assess`, {});
  await of.person.must("POST", `/api/v1/datasets/${name}/publish`, {});
}

const MONTH_MS = 30 * 86_400_000;
async function grant(by: Person, dataset: string, lastsMs = MONTH_MS): Promise<string> {
  const made = await by.must("POST", "/api/v1/grants", {
    principal: company.person.name,
    dataset,
    purpose: "deaths by band",
    access: "sandbox",
    expires_at: new Date(Date.now() + lastsMs).toISOString(),
  });
  return made.id;
}
const revoke = (by: Person, id: string) => by.must("POST", `/api/v1/grants/${id}/revoke`, {});
const job = (program: string, outputs: string[], more: Json = {}) =>
  sandboxJob(program, outputs, { datasets: DATASETS, purpose: "deaths by band", ...more });
async function tried(spec: Json): Promise<[number, string]> {
  const answer = await company.person.http("POST", "/api/v1/jobs", { body: spec });
  return [answer.status, answer.json.code];
}
async function heldJob(): Promise<string> {
  const id = await submitJob(company.person, job(JOIN, ["deaths.csv"]));
  for (const { auditors } of Object.values(owners())) await awaitJob(auditors[0], id, ["held"]);
  await awaitJob(company.person, id);
  return id;
}

/** What the program should have found, counted here from the raw file. */
function expected(): string[][] {
  const cells = new Map<string, [number, number]>();
  for (const { id = "", sex = "", death = "0" } of rows()) {
    const key = `${bandOf(id)},${sex}`;
    const [n, deaths] = cells.get(key) ?? [0, 0];
    cells.set(key, [n + 1, deaths + Number(death)]);
  }
  const sorted = [...cells].sort(([a], [b]) => (a < b ? -1 : 1));
  return [
    ["band", "sex", "count", "deaths"],
    ...sorted.map(([key, pair]) => [...key.split(","), ...pair.map(String)]),
  ];
}

describe("without each owner's grant there is no job", () => {
  test.each(["hospital", "registry", "customers"] as const)("that of %s is missing", async (dataset) => {
    const { person } = owners()[dataset];
    await revoke(person, grants[dataset]!);
    expect(await tried(job(JOIN, ["deaths.csv"]))).toEqual([403, "no_grant"]);
    grants[dataset] = await grant(person, dataset);
  });

  test("that of one has expired", async () => {
    await revoke(registry.person, grants.registry!);
    const short = await grant(registry.person, "registry", 1_500);
    const expiry = Date.parse((await registry.person.must("GET", `/api/v1/grants/${short}`)).expires_at);
    await until(() => Date.now() > expiry, "the grant to expire");
    expect(await tried(job(JOIN, ["deaths.csv"]))).toEqual([403, "grant_expired"]);
    grants.registry = await grant(registry.person, "registry");
  });

  test("one of them covers the data of no other: not by name, not by id, not twice", async () => {
    const stranger = await Person.add(admin, "stranger", ["researcher"]);
    const answer = await stranger.http("POST", "/api/v1/jobs", { body: job(JOIN, ["deaths.csv"]) });
    expect(answer.status).toBe(403);
    expect((await tried(job(JOIN, ["deaths.csv"], { datasets: ["hospital", "hospital"] })))[0]).toBe(422);
  });

  test("no rehearsal either, on the twins of data that one may not use", async () => {
    await revoke(hospital.person, grants.hospital!);
    expect((await tried(job(JOIN, ["deaths.csv"], { mode: "dry_run" })))[0]).toBe(403);
    grants.hospital = await grant(hospital.person, "hospital");
  });
});

test.each(["hospital", "registry"] as const)(
  "a grant of %s that is revoked stops a running job",
  async (dataset) => {
    const seen = new Witness(node.dataDir);
    try {
      const id = await submitJob(company.person, job(WAIT, []));
      await seen.reach("it to run", () => seen.newestRun(id).state === "executing");
      await revoke(owners()[dataset].person, grants[dataset]!);
      for (const { auditors } of Object.values(owners())) {
        const view = await awaitJob(auditors[1], id, ["failed"]);
        expect(view.failure.class).toBe("refused");
      }
    } finally {
      seen.close();
    }
    grants[dataset] = await grant(owners()[dataset].person, dataset);
  },
);

test("a dataset that its owner suspends is out of every job", async () => {
  await registry.person.must("POST", "/api/v1/datasets/registry/suspend", {});
  const [status] = await tried(job(JOIN, ["deaths.csv"]));
  expect([403, 409]).toContain(status);
  await registry.person.must("POST", "/api/v1/datasets/registry/publish", {});
});

describe("a release from it", () => {
  let held: string;
  let release: string;
  beforeAll(async () => {
    held = await heldJob();
    release = await requestRelease(company.person, held, ["deaths.csv"]);
  });
  const state = async () => (await company.person.must("GET", `/api/v1/releases/${release}`)).state;
  const tryReview = async (who: Person) => {
    const answer = await who.http("POST", `/api/v1/releases/${release}/reviews`, {
      body: await signedReview(who, release),
    });
    return [answer.status, answer.json.code];
  };

  test("is not the company's to review, nor an owner's, nor an auditor's whom none of them named", async () => {
    for (const who of [hospital.person, registry.person, company.person]) {
      const body = await signedReview(hospital.auditors[0], release);
      const answer = await who.http("POST", `/api/v1/releases/${release}/reviews`, { body });
      expect([answer.status, answer.json.code]).toEqual([403, "forbidden"]);
      const file = await who.http("GET", `/api/v1/releases/${release}/files/deaths.csv`);
      expect(file.status).toBe(403);
    }
    const other = await Person.add(admin, "unnamed", ["auditor"]);
    expect((await other.http("GET", `/api/v1/releases/${release}`)).status).toBe(404);
  });

  test("is not out with the signatures of one owner's auditors, nor of two owners'", async () => {
    expect((await company.person.must("GET", `/api/v1/releases/${release}`)).reviews_needed).toBe(6);
    for (const { auditors } of [hospital, registry]) {
      for (const auditor of auditors) await review(auditor, release);
      expect(await state()).toBe("partially_reviewed");
      expect((await company.person.http("GET", `/api/v1/releases/${release}/bundle`)).status).toBe(409);
      expect((await company.person.http("GET", `/api/v1/releases/${release}/files/deaths.csv`)).status).toBe(
        403,
      );
    }
    await review(company.auditors[0], release);
    expect(await state()).toBe("partially_reviewed");
  });

  test("nobody's second signature stands for another's", async () => {
    expect(await tryReview(hospital.auditors[0])).toEqual([409, "state_conflict"]);
    expect(await tryReview(company.auditors[0])).toEqual([409, "state_conflict"]);
  });

  test("is out with the last of six, and says what was joined", async () => {
    await review(company.auditors[1], release);
    expect(await state()).toBe("released");
    const { bytes } = await company.person.http("GET", `/api/v1/releases/${release}/bundle`);
    const files = unzip(bytes);
    expect(parse(files.get("outputs/deaths.csv") ?? "")).toEqual(expected());
    const verified = verifyBundle(bytes);
    expect(verified).toMatchObject({ ok: true, problems: [] });
    const proves = verified.proves.join("\n");
    for (const id of Object.values(grants)) expect(proves).toContain(id);
    for (const { auditors } of Object.values(owners()))
      for (const auditor of auditors) expect(proves).toContain(auditor.name);
    const { datasets } = JSON.parse(files.get("job.json")?.toString() ?? "{}");
    expect(datasets.map(({ name }: Json) => name).sort()).toEqual([...DATASETS].sort());
  });

  test("each owner and each of their auditors read every entry of it in the log", async () => {
    const kinds = async (who: Person) => {
      const { items } = await who.must("GET", "/api/v1/ledger/entries?from=0&to=1000");
      return items
        .filter(({ opening }: Json) => [held, release].includes(opening?.subject))
        .map(({ leaf }: Json) => JSON.parse(leaf).kind);
    };
    const all = await kinds(hospital.auditors[0]);
    expect(all).toEqual(
      expect.arrayContaining(["job.submitted", "job.held", "release.submitted", "release.released"]),
    );
    expect(all.filter((kind: string) => kind === "release.reviewed")).toHaveLength(6);
    for (const who of [hospital.person, registry.person, registry.auditors[1], company.auditors[0]])
      expect(await kinds(who)).toEqual(all);
  });
});

test("one owner's auditors who object are enough to send it back", async () => {
  const release = await requestRelease(company.person, await heldJob(), ["deaths.csv"]);
  for (const { auditors } of [registry, company])
    for (const auditor of auditors) await review(auditor, release);
  await review(hospital.auditors[0], release);
  await review(hospital.auditors[1], release, { decision: "return", comment: "coarser, please" });
  expect((await company.person.must("GET", `/api/v1/releases/${release}`)).state).toBe("returned");
});

test("an owner who has named too few auditors holds it back, by name", async () => {
  const id = await heldJob();
  const [first] = registry.auditors;
  await registry.person.must("PATCH", "/api/v1/datasets/registry", { auditors: [first.name] });
  const { items } = await company.person.must("GET", `/api/v1/jobs/${id}/outputs`);
  const output = items.find(({ name }: Json) => name === "deaths.csv");
  const made = await company.person.must("POST", "/api/v1/releases", {
    job: id,
    outputs: [output.id],
    justification: "for the tests",
  });
  const submit = () => company.person.http("POST", `/api/v1/releases/${made.id}/submit`, { body: {} });
  const refused = await submit();
  expect([refused.status, refused.json.code]).toEqual([409, "state_conflict"]);
  expect(refused.json.detail).toMatch(/^registry has fewer than two auditors/);
  await registry.person.must("PATCH", "/api/v1/datasets/registry", {
    auditors: registry.auditors.map((a) => a.name),
  });
  expect((await submit()).status).toBe(200);
});
