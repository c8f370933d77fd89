/** `glovebox demo`: plays the story against a node of its own and ends with what was released, refused, and how long each step took. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { verifyBundle } from "../../airlock/index.js";
import { GloveboxError } from "../../vocabulary/index.js";
import { Narrator, type StepTime } from "./narrator.js";
import {
  addPeople,
  type Cast,
  grantAccess,
  type HeldOutput,
  heldOutputs,
  type Parties,
  publishDataset,
  released,
  runProgram,
} from "./story.js";

export interface DemoNode {
  url: string;
  adminToken: string;
  close(): Promise<void>;
}

export interface DemoResult {
  released: { release: string; files: string[] };
  refused: { what: string; by: string }[];
  flipped_byte: { caught: boolean; where: string };
  bundle: string;
  steps: StepTime[];
  seconds: number;
}

const ANALYSIS_OUTPUTS = ["model.json", "deaths.csv", "km.png"];
const JUSTIFICATION = "for the mortality report";
const THEFT_OUTPUTS = ["figure.png", "attempts.json"];

/** Plays the whole story. `out` is the folder for the bundle; `write` gets the narration. */
export async function runDemo(
  start: () => Promise<DemoNode>,
  out: string,
  write: (text: string) => void,
): Promise<DemoResult> {
  const n = new Narrator(write);
  const begun = performance.now();
  const node = await n.step("A data holder starts a node", start);
  try {
    n.say(`control and workers at ${node.url}`);
    const cast = await n.step("The admin adds people: an owner, a researcher, two auditors", () =>
      addPeople(node.url, node.adminToken),
    );
    n.say("each has a token of their own; the auditors' signing keys never reach the node");
    await n.step("The owner registers, grades and publishes flchain", () => publishDataset(cast, n));
    await n.step("The researcher asks for access; the owner grants it", () => grantAccess(cast, n));
    await n.step("The researcher rehearses on the synthetic twin", () => rehearse(cast, n));
    const job = await n.step("The same program runs on the raw data", () => runReal(cast, n));
    const refused = await n.step("A second program tries to take rows out", () => attemptTheft(cast, n));
    const release = await n.step("Two auditors review and sign", () => reviewAndRelease(cast, job, n));
    const bundle = await n.step("The bundle is downloaded and verified offline", () =>
      downloadAndVerify(cast, release, out, n),
    );
    const flipped = await n.step("One flipped byte is caught", async () => flipOneByte(bundle.bytes, n));
    const seconds = Math.round((performance.now() - begun) / 100) / 10;
    const result = {
      released: { release, files: ANALYSIS_OUTPUTS },
      refused,
      flipped_byte: flipped,
      bundle: bundle.path,
      steps: n.steps,
      seconds,
    };
    write(summary(result));
    return result;
  } finally {
    await node.close();
  }
}

const partiesOf = ({ researcher, auditors }: Cast): Parties => ({ requester: researcher, auditors });

async function rehearse(cast: Cast, n: Narrator): Promise<void> {
  const dry = await runProgram(cast, "analysis.py", ANALYSIS_OUTPUTS, "dry_run");
  const log = await cast.researcher.bytes(`/api/v1/jobs/${dry.id}/outputs/stdout.log`);
  n.say(`dry run ${dry.id}: ${dry.state}; its log is shown at once:\n  ${log.toString("utf8").trim()}`);
}

async function runReal(cast: Cast, n: Narrator): Promise<string> {
  const job = await runProgram(cast, "analysis.py", ANALYSIS_OUTPUTS, "real");
  n.say(`job ${job.id}: ${job.state}; the researcher sees no log and no output, only signals:`);
  n.say(`  verdict ${job.verdict ?? "hidden"}, ${JSON.stringify(job.signals)}`);
  for (const o of await heldOutputs(cast.auditors[0]!, job.id)) sayOutput(n, o);
  return job.id;
}

function sayOutput(n: Narrator, o: HeldOutput): void {
  n.say(`  held: ${o.name}  ${o.bytes} bytes  ${o.verdict}`);
  for (const f of o.findings.filter((f) => f.verdict === "fail"))
    n.say(`    ${f.verdict} ${f.rule}: ${f.message}`);
}

async function attemptTheft(cast: Cast, n: Narrator): Promise<DemoResult["refused"]> {
  const job = await runProgram(cast, "exfiltrate.py", THEFT_OUTPUTS, "real");
  const outputs = await heldOutputs(cast.auditors[0]!, job.id);
  for (const o of outputs) sayOutput(n, o);
  const of = (name: string) => outputs.find((o) => o.name === name);
  const release_ = await released(
    partiesOf(cast),
    job.id,
    JUSTIFICATION,
    { decision: "reject", comment: "carries identifiers of people" },
    [...THEFT_OUTPUTS, "stdout.log"],
  );
  n.say(`its author asks for a release all the same: both auditors reject it → ${release_.state}`);
  const attempts = await readAttempts(cast, release_.id);
  const refused = [
    { what: "a connection to 192.0.2.1:443", by: `sandbox, no network: the program was ${attempts.network}` },
    { what: "a name look-up", by: `sandbox, no network: the program was ${attempts.dns}` },
    { what: "200 raw rows behind a PNG picture", by: stoppedBy(of("figure.png")) },
    { what: "100 identifiers in base64 in the log", by: stoppedBy(of("stdout.log")) },
  ];
  for (const r of refused) n.say(`stopped: ${r.what}\n  by ${r.by}`);
  return refused;
}

/** What the program itself noted of its network attempts, as an auditor reads it; the requester never does. */
async function readAttempts(cast: Cast, releaseId: string): Promise<Record<string, string>> {
  const content = await cast.auditors[0]!.bytes(`/api/v1/releases/${releaseId}/files/attempts.json`);
  return JSON.parse(content.toString("utf8")) as Record<string, string>;
}

function stoppedBy(output: HeldOutput | undefined): string {
  const fails = (output?.findings ?? []).filter((f) => f.verdict === "fail");
  if (!output || fails.length === 0) {
    throw new GloveboxError("internal", { detail: "the demo's theft was not stopped; this is a defect" });
  }
  return `the checks of ${output.name}: ${[...new Set(fails.map((f) => f.rule))].join(", ")}`;
}

async function reviewAndRelease(cast: Cast, job: string, n: Narrator): Promise<string> {
  const { id, state } = await released(
    partiesOf(cast),
    job,
    JUSTIFICATION,
    { decision: "approve", comment: "aggregates over thousands of people" },
    ANALYSIS_OUTPUTS,
  );
  n.say(`release ${id}: two signed votes → ${state}`);
  if (state !== "released") throw new GloveboxError("internal", { detail: `the release ended as ${state}` });
  return id;
}

async function downloadAndVerify(
  cast: Cast,
  id: string,
  out: string,
  n: Narrator,
): Promise<{ path: string; bytes: Buffer }> {
  const bytes = await cast.researcher.bytes(`/api/v1/releases/${id}/bundle`);
  mkdirSync(out, { recursive: true });
  const path = join(out, `${id}.zip`);
  writeFileSync(path, bytes);
  const verification = await verifyBundle(bytes, {});
  if (!verification.ok) throw new GloveboxError("internal", { detail: "the bundle does not verify" });
  n.say(`${path} (${bytes.length} bytes)`);
  for (const line of verification.proves) n.say(`proves: ${line}`);
  for (const line of verification.not_proven) n.say(`does not prove: ${line}`);
  return { path, bytes };
}

async function flipOneByte(bundle: Buffer, n: Narrator): Promise<DemoResult["flipped_byte"]> {
  const changed = Buffer.from(bundle);
  const at = Math.floor(changed.length / 2);
  changed[at] = changed[at]! ^ 1;
  const verification = await verifyBundle(changed, {});
  const where = verification.problems[0]?.where ?? "";
  n.say(
    verification.ok
      ? "NOT caught"
      : `byte ${at} changed: refused, ${where}: ${verification.problems[0]?.what}`,
  );
  if (verification.ok)
    throw new GloveboxError("internal", { detail: "a changed bundle verified; this is a defect" });
  return { caught: true, where };
}

function summary(r: DemoResult): string {
  const lines = [
    "",
    `released   ${r.released.files.join(", ")}`,
    ...r.refused.map((x) => `refused    ${x.what}`),
    `bundle     ${r.bundle}`,
    "",
    ...r.steps.map((s) => `${s.seconds.toFixed(1).padStart(6)} s  ${s.step}`),
    `${r.seconds.toFixed(1).padStart(6)} s  in all`,
    "",
  ];
  return `${lines.join("\n")}\n`;
}
