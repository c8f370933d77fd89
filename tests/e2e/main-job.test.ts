/**
 * The main job, whole, over HTTP alone: a program that its researcher wrote runs beside data that the researcher never
 * sees; what it found is checked, reviewed by two people who sign, and released in a bundle that verifies offline.
 */
import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { parse } from "csv-parse/sync";
import { PNG } from "pngjs";
import { verifyBundle } from "../../src/airlock/index.js";
import {
  awaitJob,
  events,
  type Json,
  type RunningNode,
  requestRelease,
  review,
  sandboxJob,
  signedReview,
  startNode,
  submitJob,
  type World,
  world,
} from "../harness/index.js";
import { deathsTable, example, logitVector, people, significant, unzip } from "./reference.js";

const OUTPUTS = ["model.json", "deaths.csv", "km.png"];
const LOGS = ["stdout.log", "stderr.log"];

let node: RunningNode;
let w: World;
beforeAll(async () => {
  node = await startNode();
  w = await world(node);
});
afterAll(() => node?.destroy());

const analysis = (mode: "real" | "dry_run"): Json =>
  sandboxJob("", OUTPUTS, {
    files: { "analysis.py": example("analysis.py") },
    command: ["python3", "analysis.py"],
    mode,
  });

/** Every way by which a job's submitter might read what its program wrote, before a release. */
async function peeks(job: string, outputs: string[]): Promise<number[]> {
  const paths = [...OUTPUTS, ...LOGS].map((name) => `/api/v1/jobs/${job}/outputs/${name}`);
  paths.push(...outputs.map((id) => `/api/v1/jobs/${job}/outputs/${id}`));
  const answers = await Promise.all(paths.map((path) => w.researcher.http("GET", path)));
  return [...new Set(answers.map(({ status }) => status))];
}

describe("a rehearsal on the twin", () => {
  test("runs the same program and shows its log and files at once, made of no person's values", async () => {
    const job = await submitJob(w.researcher, analysis("dry_run"));
    const view = await awaitJob(w.researcher, job);
    expect([view.state, view.mode, view.signals.bits]).toEqual(["done", "dry_run", 0]);
    const log = await w.researcher.http("GET", `/api/v1/jobs/${job}/outputs/stdout.log`);
    expect([log.status, log.text]).toEqual([200, "done: model.json, deaths.csv, km.png\n"]);
    const deaths = await w.researcher.http("GET", `/api/v1/jobs/${job}/outputs/deaths.csv`);
    const rows = parse(deaths.bytes) as string[][];
    expect(rows[0]).toEqual(["flc.grp", "sex", "count", "deaths"]);
    const total = rows.slice(1).reduce((sum, row) => sum + Number(row[2]), 0);
    expect([total === 1000, rows]).toEqual([true, expect.not.arrayContaining(deathsTable().slice(1))]);
    expect((await w.owner.http("GET", `/api/v1/jobs/${job}/outputs/deaths.csv`)).status).not.toBe(200);
  });
});

describe("the program on the raw data", () => {
  let job: string;
  let release: string;
  let held: Json[];
  const file = (name: string) => `/api/v1/releases/${release}/files/${name}`;

  test("its submitter sees it queued, running and held, and nothing that it wrote", async () => {
    const before = (await w.researcher.must("GET", `/api/v1/grants/${w.grant}`)).signal_bits_left;
    const made = await w.researcher.must("POST", "/api/v1/jobs", analysis("real"));
    job = made.id;
    expect([made.state, made.signals.bits, made.signals.left]).toEqual(["queued", 11, before - 11]);
    const seen: string[] = [];
    for await (const view of events(node.url, `/api/v1/jobs/${job}/events`, w.researcher.token)) {
      if (seen.at(-1) !== view.state) seen.push(view.state);
      if (view.state === "held") break;
      expect([view.failure, view.verdict, view.ended_at]).toEqual([undefined, undefined, undefined]);
      expect(await w.researcher.must("GET", `/api/v1/jobs/${job}/outputs`)).toEqual({ items: [] });
      expect(await peeks(job, [])).toEqual([404]);
    }
    // A worker may have taken it before the first look.
    expect(seen.filter((state) => state !== "queued")).toEqual(["running", "held"]);
    const { items } = await w.researcher.must("GET", `/api/v1/jobs/${job}/outputs`);
    expect(items.map(({ name }: Json) => name).sort()).toEqual([...OUTPUTS, ...LOGS].sort());
    for (const item of items) expect(Object.keys(item).sort()).toEqual(["id", "name"]);
    expect(
      await peeks(
        job,
        items.map(({ id }: Json) => id),
      ),
    ).toEqual([404]);
  });

  test("the dataset's auditors see each output's hash and what the checks found in it", async () => {
    const [auditor] = w.auditors;
    expect((await auditor.must("GET", `/api/v1/jobs/${job}`)).state).toBe("held");
    held = (await auditor.must("GET", `/api/v1/jobs/${job}/outputs`)).items;
    for (const output of held) {
      expect([output.name, output.verdict]).not.toContain("fail");
      expect(output.sha256).toMatch(/^[0-9a-f]{64}$/);
      expect(output.findings.length).toBeGreaterThan(0);
      expect(output.evidence).toBe("unverified");
    }
  });

  test("until it is released the submitter reads neither a file nor a bundle, also through the release", async () => {
    release = await requestRelease(w.researcher, job, OUTPUTS);
    const view = await w.researcher.must("GET", `/api/v1/releases/${release}`);
    expect(view).toMatchObject({ state: "submitted", reviews: [], reviews_in: 0, reviews_needed: 2 });
    for (const shown of view.files) expect(Object.keys(shown).sort()).toEqual(["name", "output"]);
    for (const name of OUTPUTS) expect((await w.researcher.http("GET", file(name))).status).toBe(403);
    expect((await w.researcher.http("GET", `/api/v1/releases/${release}/bundle`)).status).toBe(409);
    for (const stranger of [w.owner, w.admin])
      expect((await stranger.http("GET", file("model.json"))).status).not.toBe(200);
  });

  test("one reviewer's approval, or the same one's twice, or the submitter's own, lets nothing out", async () => {
    const [first] = w.auditors;
    expect((await review(first, release)).state).toBe("partially_reviewed");
    const again = await signedReview(first, release, { comment: "once more" });
    const twice = await first.http("POST", `/api/v1/releases/${release}/reviews`, { body: again });
    expect(twice.status).toBeGreaterThanOrEqual(400);
    const own = await w.researcher.http("POST", `/api/v1/releases/${release}/reviews`, { body: again });
    expect(own.status).toBe(403);
    expect((await w.researcher.must("GET", `/api/v1/releases/${release}`)).reviews).toEqual([]);
    expect((await w.researcher.http("GET", file("model.json"))).status).toBe(403);
  });

  test("with the second approval it is released, and the submitter has what the reviewers signed", async () => {
    const view = await review(w.auditors[1], release);
    expect(view.state).toBe("released");
    for (const name of OUTPUTS) {
      const answer = await w.researcher.http("GET", file(name));
      const sha256 = createHash("sha256").update(answer.bytes).digest("hex");
      expect([name, answer.status, sha256]).toEqual([name, 200, held.find((o) => o.name === name)?.sha256]);
    }
    // What was not asked for stays in.
    expect((await w.researcher.http("GET", file("stdout.log"))).status).toBe(404);
    expect(await peeks(job, [])).toEqual([404]);
  });

  describe("the bundle", () => {
    let zip: Buffer;
    let files: Map<string, Buffer>;
    let origin: string;
    beforeAll(async () => {
      zip = (await w.researcher.http("GET", `/api/v1/releases/${release}/bundle`)).bytes;
      files = unzip(zip);
      const note = await w.researcher.http("GET", "/api/v1/ledger/checkpoint");
      origin = note.text.split("\n")[0] ?? "";
    });
    const released = (name: string): Buffer => files.get(`outputs/${name}`) ?? Buffer.alloc(0);

    test("has the coefficients and standard errors of the raw file in all eight digits that are let out", () => {
      const model = JSON.parse(released("model.json").toString());
      const vector = logitVector();
      const rounded = (values: Record<string, string>) =>
        Object.fromEntries(Object.entries(values).map(([name, value]) => [name, significant(value, 8)]));
      expect(model.n).toBe(vector.n);
      expect(model.coefficients).toEqual(rounded(vector.coefficients));
      expect(model.standard_errors).toEqual(rounded(vector.standard_errors));
      const digits = released("model.json")
        .toString()
        .match(/\d+\.\d+/g)
        ?.map((n) => n.replace(/^0\.0*|\./g, "").length);
      expect(Math.max(...(digits ?? []))).toBe(8);
    });

    test("has the deaths that are counted here from the raw file", () => {
      expect(parse(released("deaths.csv"))).toEqual(deathsTable());
      const total = deathsTable().slice(1);
      expect(total.reduce((sum, row) => sum + Number(row[2]), 0)).toBe(people().length);
    });

    test("has a picture and nothing behind it", () => {
      const png = released("km.png");
      const { width, height } = PNG.sync.read(png);
      expect([width, height]).toEqual([600, 400]);
      expect(png.subarray(-8).toString("latin1")).toBe("IEND\xaeB`\x82");
    });

    test("verifies offline, and names what it proves of whom", async () => {
      const key = JSON.parse(files.get("receipt.json")?.toString() ?? "{}").log.public_key;
      const verification = verifyBundle(zip, { origin, key });
      expect(verification).toMatchObject({ ok: true, problems: [] });
      const told = verification.proves.join("\n");
      for (const fact of [release, job, w.version, w.grant, "auditor-1", "auditor-2", ...OUTPUTS])
        expect(told).toContain(fact);
    });

    test("does not verify with one bit changed, wherever that is, nor under another log's name", () => {
      expect(verifyBundle(zip, { origin: "glovebox/other" }).ok).toBe(false);
      const survived: number[] = [];
      for (let at = 0; at < zip.length; at += 13) {
        const changed = Buffer.from(zip);
        changed.writeUInt8(changed.readUInt8(at) ^ (1 << (at % 8)), at);
        if (verifyBundle(changed).ok) survived.push(at);
      }
      expect(survived).toEqual([]);
    });

    test("carries nothing that was not released: no log, no other output, no auditor's cell", () => {
      const names = [...files.keys()].filter((name) => name.startsWith("outputs/"));
      expect(names.sort()).toEqual(OUTPUTS.map((name) => `outputs/${name}`).sort());
      const text = zip.toString("latin1");
      for (const { sha256, name } of held.filter(({ name }) => LOGS.includes(name)))
        expect([name, text.includes(sha256)]).toEqual([name, false]);
    });
  });
});

describe("a program that tries to carry rows out", () => {
  let job: string;
  let outputs: Json[];
  const of = (name: string): Json => outputs.find((output) => output.name === name);
  const failed = (name: string): string[] =>
    of(name)
      .findings.filter(({ verdict }: Json) => verdict === "fail")
      .map(({ rule }: Json) => rule);

  beforeAll(async () => {
    job = await submitJob(
      w.researcher,
      sandboxJob("", ["figure.png", "attempts.json"], {
        files: { "exfiltrate.py": example("exfiltrate.py") },
        command: ["python3", "exfiltrate.py"],
      }),
    );
    await awaitJob(w.auditors[0], job);
    outputs = (await w.auditors[0].must("GET", `/api/v1/jobs/${job}/outputs`)).items;
  });

  test("the job is held with the verdict fail", async () => {
    const view = await awaitJob(w.researcher, job);
    expect([view.state, view.verdict]).toEqual(["held", "fail"]);
  });

  test("the rows behind the picture and the identifiers in the log are found, each by its rule", () => {
    expect(failed("figure.png")).toContain("hidden_content");
    expect(failed("stdout.log")).toContain("raw_values");
  });

  describe("and asks for its release all the same", () => {
    const names = ["figure.png", "attempts.json", "stdout.log"];
    let release: string;
    beforeAll(async () => {
      release = await requestRelease(w.researcher, job, names);
    });
    const read = (name: string) => w.auditors[0].http("GET", `/api/v1/releases/${release}/files/${name}`);

    test("no connection and no name look-up got out of the sandbox", async () => {
      const attempts = JSON.parse((await read("attempts.json")).text);
      expect(Object.keys(attempts).sort()).toEqual(["dns", "network"]);
      for (const result of Object.values(attempts)) expect(result).toMatch(/^refused: /);
    });

    test("the picture that reviewers see has lost its rows", async () => {
      const { bytes } = await read("figure.png");
      expect(PNG.sync.read(bytes).width).toBe(64);
      expect(bytes.subarray(-8).toString("latin1")).toBe("IEND\xaeB`\x82");
      for (const { id } of people().slice(0, 200)) expect(bytes.includes(id ?? "")).toBe(false);
    });

    test("reviewers cannot approve what failed without a reason in writing", async () => {
      const body = await signedReview(w.auditors[0], release);
      const answer = await w.auditors[0].http("POST", `/api/v1/releases/${release}/reviews`, { body });
      expect([answer.status, answer.json.code]).toEqual([403, "disclosure_refused"]);
    });

    test("both reject it, and its author gets nothing", async () => {
      for (const auditor of w.auditors) await review(auditor, release, { decision: "reject" });
      const view = await w.researcher.must("GET", `/api/v1/releases/${release}`);
      expect(view.state).toBe("rejected");
      for (const name of names) {
        const answer = await w.researcher.http("GET", `/api/v1/releases/${release}/files/${name}`);
        expect(answer.status).toBe(403);
      }
      expect((await w.researcher.http("GET", `/api/v1/releases/${release}/bundle`)).status).toBe(409);
    });
  });
});

test("the node said nothing of any person in its log, through all of this", () => {
  const log = node.stderr();
  expect(log.length).toBeGreaterThan(1000);
  for (const { id } of people()) expect(log.includes(id ?? "")).toBe(false);
});
