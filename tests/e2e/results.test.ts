/**
 * What becomes of results over domains: they are held, judged with what was released before, and go out in a bundle that
 * holds what all domains said and what their ledgers say; and a domain whose ledger shows two histories is caught.
 */
import { cpSync, rmSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { packZip } from "../../src/airlock/bundle/pack.js";
import { readZip } from "../../src/airlock/zip.js";
import { verifyRelease } from "../../src/federated/verifier.js";
import { auditLedger } from "../../src/ledger/index.js";
import { openKeys, openStore } from "../../src/store/index.js";
import { Terminal } from "../cli/fixture.js";
import {
  askOver,
  bundleOf,
  collaborate,
  type Domain,
  domainAt,
  FLCHAIN_ROWS,
  fieldOf,
  heldResult,
  letTablesOut,
  partsAt,
  roundOver,
  startDomain,
  tempDir,
  until,
} from "../harness/index.js";

const terminal = (of: Domain): Terminal =>
  new Terminal({ GLOVEBOX_URL: of.node.url, GLOVEBOX_TOKEN: of.operator.token });

const count = (sex: string): number => FLCHAIN_ROWS.filter((row) => fieldOf(row, "sex") === sex).length;

describe("results over three domains", () => {
  let coordinator: Domain;
  let domains: [Domain, Domain, Domain];
  let id: string;

  beforeAll(async () => {
    const parts = partsAt([0, 4_000, 6_500, FLCHAIN_ROWS.length]);
    const names = ["bureau", "hospital", "insurer"];
    coordinator = await startDomain("coordinator");
    domains = (await Promise.all(names.map((name, i) => startDomain(name, parts[i])))) as typeof domains;
    ({ id } = await collaborate(coordinator, domains, { recipients: ["bureau", "hospital"] }));
  }, 120_000);
  afterAll(async () => {
    await Promise.all([coordinator, ...(domains ?? [])].map((d) => d?.node.destroy()));
  });

  let bundle: Buffer;

  test("an owner's policy lets a counted table out at once, and its bundle holds what all domains said", async () => {
    const [bureau] = domains;
    await letTablesOut(bureau.owner, "records");
    const told = await terminal(bureau).must("collab", "stat", id, "--rows", "sex", "--wait");
    expect(told).toMatchObject({
      state: "done",
      job_state: "held",
      verdict: "pass",
      release_state: "released",
    });
    expect(told.result).toBe(`sex,units\nF,${count("F")}\nM,${count("M")}\n`);
    bundle = await bundleOf(bureau, told.job);
    const verified = verifyRelease(bundle);
    expect(verified.problems).toEqual([]);
    const proven = verified.proves.join("\n");
    for (const { name } of domains)
      expect(proven).toMatch(new RegExp(`of ${name} says what it put in.* cosigned by 2 of 2 others`));
    expect(verified.zh.proves.length).toBe(verified.proves.length);
    expect(verified.not_proven.join("\n")).not.toContain("in time");
  });

  test("any changed byte of the bundle is found, also in a zip that is made right again", async () => {
    // A step that is no power of two, from the start on: every file of the bundle is hit many times.
    const step = Math.max(1, Math.floor(bundle.length / 397));
    for (let at = 0; at < bundle.length; at += step) {
      const changed = Buffer.from(bundle);
      changed[at]! ^= 1;
      expect([at, verifyRelease(changed).ok]).toEqual([at, false]);
    }
    const read = readZip(bundle);
    if ("problem" in read) throw new Error(read.problem.what);
    for (const [name, content] of read.files)
      for (let at = content.length % 211; at < content.length; at += 211) {
        const changed = Buffer.from(content);
        changed[at]! ^= 1;
        const files = [...read.files].map(([path, kept]) => ({
          name: path,
          content: path === name ? changed : Buffer.from(kept),
        }));
        const parts: Buffer[] = [];
        for await (const part of packZip(files)) parts.push(part);
        expect([name, at, verifyRelease(Buffer.concat(parts)).ok]).toEqual([name, at, false]);
      }
  });

  test("a table that differs from a released one by a filter goes to people, who read what can be subtracted", async () => {
    const [bureau] = domains;
    // All but those of the highest age: few people.
    const ages = FLCHAIN_ROWS.map((row) => Number(fieldOf(row, "age"))).sort((a, b) => b - a);
    const least = ages[4]!;
    const round = await askOver(bureau, id, { kind: "table", rows: ["sex"], where: `age < ${least}` });
    const { job } = await roundOver(bureau.operator, id, round);
    const { verdict, findings } = await heldResult(bureau, job);
    expect(verdict).toBe("fail");
    const found = findings.filter((f: { rule: string }) => f.rule === "differencing");
    expect(found).toContainEqual(
      expect.objectContaining({
        verdict: "fail",
        audience: "auditors",
        message: expect.stringContaining("subtracted"),
      }),
    );
    const shown = await terminal(bureau).run("collab", "result", id, String(round));
    expect(shown.stdout).toContain(`The result is the output of ${job} (held, verdict review).`);
    expect(shown.stdout).toContain(`glovebox release request ${job} result.csv --why`);
    const zh = await terminal(bureau).run("collab", "result", id, String(round), "--lang", "zh");
    expect(zh.stdout).toContain(`结果为任务 ${job} 的产出`);
    // The requester is told what descriptions say, and nothing that hangs on numbers.
    expect((await bureau.operator.must("GET", `/api/v1/jobs/${job}`)).verdict).toBe("review");
  });

  test("what one recipient released counts at another, which knows it from its own copy", async () => {
    const [bureau, hospital] = domains;
    const path = `/api/v1/collaborations/${id}/rounds/1`;
    await until(
      async () => (await hospital.operator.must("GET", path)).released_by?.includes("bureau") === true,
      "the hospital hears of it",
    );
    expect((await hospital.operator.must("GET", path)).result).toBeUndefined();
    const round = await askOver(bureau, id, { kind: "table", rows: ["sex"], where: "age < 96" });
    await roundOver(bureau.operator, id, round);
    const { job } = await roundOver(hospital.operator, id, round);
    const { findings } = await heldResult(hospital, job);
    expect(findings).toContainEqual(
      expect.objectContaining({ rule: "differencing", message: expect.stringContaining("shares rows") }),
    );
  });

  test("neither another operator nor the owner reads a released result; the auditors of the dataset do", async () => {
    const [bureau] = domains;
    const path = `/api/v1/collaborations/${id}/rounds/1`;
    expect((await bureau.owner.must("GET", path)).result).toBeUndefined();
    expect((await bureau.auditors[0].must("GET", path)).result).toContain("sex,units");
    expect((await domains[2].operator.must("GET", path)).result).toBeUndefined();
  });

  test("a domain whose data were set back is caught by its peers, with both signed heads in their ledgers", async () => {
    const [bureau, hospital] = domains;
    const insurer = domains[2];
    await insurer.node.stop();
    const saved = tempDir("set-back");
    cpSync(insurer.node.dataDir, saved.path, { recursive: true });
    domains[2] = domainAt(insurer, await insurer.node.restart());
    const before = await askOver(bureau, id, {
      kind: "table",
      rows: ["sex"],
      values: ["age"],
      agg: ["mean"],
    });
    await roundOver(bureau.operator, id, before);
    // Its own data directory of before: a ledger that goes on from there is another history.
    await domains[2].node.stop();
    rmSync(insurer.node.dataDir, { recursive: true });
    cpSync(saved.path, insurer.node.dataDir, { recursive: true });
    saved.remove();
    domains[2] = domainAt(insurer, await insurer.node.restart());
    const round = await askOver(bureau, id, {
      kind: "table",
      rows: ["sex"],
      values: ["kappa"],
      agg: ["mean"],
    });
    for (const d of [bureau, hospital])
      await until(
        async () => (await d.operator.must("GET", `/api/v1/collaborations/${id}`)).state === "suspended",
        `${d.name} suspends`,
        60_000,
      );
    expect(
      (await bureau.operator.must("GET", `/api/v1/collaborations/${id}/rounds/${round}`)).job,
    ).toBeUndefined();
    for (const d of [bureau, hospital]) {
      await d.node.stop();
      const store = openStore(d.node.dataDir, { readonly: true });
      const kinds = store.db.prepare(
        "SELECT kind, count(*) AS n FROM ledger_leaves WHERE subject = ? GROUP BY kind",
      );
      expect(kinds.all(id)).toContainEqual({ kind: "collaboration.two_histories_seen", n: 1 });
      expect(auditLedger(store, openKeys(d.node.dataDir)).ok).toBe(true);
      store.close();
    }
  });
});
