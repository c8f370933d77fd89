/** Safe versions of tables whose claim running code chose: its requester learns nothing of it by asking. */
import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import { createEngine, type Engine } from "../../src/catalog/index.js";
import type { OutputView } from "../../src/jobs/index.js";
import { CLAIMS_FILE } from "../../src/sandbox/index.js";
import { DAY, datasetIn, give } from "../catalog/fixture.js";
import { type JobsFixture, jobsFixture, runJob } from "./fixture.js";

const ROWS = Array.from(
  { length: 240 },
  (_, i) => `unit-${1000 + i},${50 + (i % 40)},${i % 2 === 0 ? "F" : "M"}`,
);
const CLAIM = { kind: "table", rows: ["sex"], where: "age < 53" };

let engine: Engine;
let f: JobsFixture<Engine>;
beforeAll(() => {
  engine = createEngine();
});
afterEach(() => f.end());
afterAll(() => engine.close());

/** A job whose program left these files, its end shown. */
async function ended(files: Record<string, string>): Promise<string> {
  f = jobsFixture({}, engine);
  const columns = [
    { name: "id", class: "identifier" as const },
    { name: "sex", categories: ["F", "M"] },
  ];
  await datasetIn(f, "published", { name: "study", columns }, `id,age,sex\n${ROWS.join("\n")}\n`);
  give(f, "study", {});
  const job = await runJob(f, { outputs: ["t.csv"] }, {}, files);
  f.clock.advance(DAY);
  return job.id;
}

async function safeOf(job: string): Promise<{ id: string; output: OutputView; text: string }> {
  const { id } = await f.jobs.safe(f.researcher, job, "t.csv", { how: "suppress" });
  await f.jobs.idle();
  await f.jobs.tick();
  await f.jobs.idle();
  const [output] = f.jobs.outputs(f.auditor, id) as OutputView[];
  f.clock.advance(DAY);
  const held = f.jobs.heldOutputs(id)[0];
  const text = held ? Buffer.concat((await f.vault.get(held.object).toArray()) as Buffer[]).toString() : "";
  return { id, output: output!, text };
}

test("it is safe, still chosen by running code, and its requester reads no word of the claim", async () => {
  const claims = `${JSON.stringify({ output: "t.csv", dataset: "study", syntax: "python", claim: CLAIM })}\n`;
  const job = await ended({ [CLAIMS_FILE]: claims });
  const { id, output, text } = await safeOf(job);
  // Twelve women, and six men, who alone are too few.
  expect(text).toBe("sex,units\nF,x\nM,x\n");
  expect(output).toMatchObject({ evidence: "recomputed", verdict: "review" });
  expect(output.findings.map(({ rule }) => rule)).toEqual(expect.arrayContaining(["protection", "claimed"]));
  // Without ids, times and hashes, in which any two digits stand by chance.
  const said = JSON.stringify(f.jobs.get(f.researcher, id)).replaceAll(
    /[a-z]{3}_[0-9A-Z]{26}|\d{4}-\d\d-\d\dT[\d:.]+Z|[0-9a-f]{64}/g,
    "",
  );
  expect(said).not.toMatch(/53|52|where|statistic/);
}, 300_000);

test("asking where nothing was claimed is answered the same", async () => {
  const job = await ended({ "t.csv": "sex,units\nF,12\nM,6\n" });
  const asked = await f.jobs.safe(f.researcher, job, "t.csv", { how: "suppress" });
  expect(asked).toMatchObject({ kind: "table", state: "queued" });
  expect(asked.spec.safe_of).toEqual({ job, output: "t.csv", how: { how: "suppress" } });
  await f.jobs.idle();
}, 300_000);
