/**
 * The whole main job as a story on real data, over the HTTP API alone: an owner registers and grades, a researcher
 * rehearses on the twin and runs on the raw data, a second program tries to take rows out, two auditors review and
 * sign, and the bundle is verified offline. Nothing here reaches into the node.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../store/index.js";
import { GloveboxError } from "../../vocabulary/index.js";
import type { Narrator } from "./narrator.js";
import { type Json, Person } from "./people.js";

const example = (...path: string[]) => readFileSync(join(packageRoot(), "examples", ...path));

interface FindingView {
  rule: string;
  verdict: string;
  message: string;
}
export interface HeldOutput {
  id: string;
  name: string;
  bytes: number;
  sha256: string;
  verdict: string;
  findings: FindingView[];
}

export interface Cast {
  owner: Person;
  researcher: Person;
  auditors: Person[];
}

/** The admin adds the people; being admin gives no sight of data. */
export async function addPeople(url: string, adminToken: string): Promise<Cast> {
  const admin = new Person("admin", url, adminToken);
  const add = async (name: string, role: string) => {
    const made = await admin.call<{ token: string }>("POST", "/api/v1/principals", { name, roles: [role] });
    return new Person(name, url, made.token, role === "auditor");
  };
  const owner = await add("health-bureau", "owner");
  const researcher = await add("lin", "researcher");
  const auditors = [await add("auditor-chen", "auditor"), await add("auditor-wu", "auditor")];
  for (const auditor of auditors) await auditor.registerKey();
  return { owner, researcher, auditors };
}

/** The owner registers, grades, assesses and publishes the dataset. */
export async function publishDataset(cast: Cast, n: Narrator): Promise<void> {
  const { owner, auditors } = cast;
  await owner.call("POST", "/api/v1/datasets", {
    name: "flchain",
    unit_column: "id",
    auditors: auditors.map((a) => a.name),
    ...(JSON.parse(example("flchain", "flchain.json").toString("utf8")) as Json),
  });
  const version = await owner.put(
    "/api/v1/datasets/flchain/content",
    "text/csv",
    example("data", "flchain.csv"),
  );
  n.say(
    `flchain: ${version.rows} rows, ${(version.columns as unknown[]).length} columns, encrypted as ${version.version}`,
  );
  await owner.call("POST", "/api/v1/datasets/flchain/assess", {});
  const published = await owner.call("POST", "/api/v1/datasets/flchain/publish", {});
  n.say(
    `assessed and ${published.state}; grade ${published.grade}; auditors: ${auditors.map((a) => a.name).join(", ")}`,
  );
}

/** The researcher asks for a grant; the owner approves it. */
export async function grantAccess(cast: Cast, n: Narrator): Promise<void> {
  const asked = await cast.researcher.call<{ id: string }>("POST", "/api/v1/grants", {
    principal: "lin",
    dataset: "flchain",
    purpose: "mortality by free light chains",
    access: "sandbox",
    expires_at: new Date(Date.now() + 30 * 86_400_000).toISOString(),
  });
  const grant = await cast.owner.call("POST", `/api/v1/grants/${asked.id}/approve`, {});
  n.say(`grant ${asked.id}: ${grant.state}, for "mortality by free light chains", 30 days`);
}

/** Submits a program of examples/flchain and waits until its requester is shown its end. */
export async function runProgram(
  cast: Cast,
  program: string,
  outputs: string[],
  mode: "real" | "dry_run",
): Promise<Json & { id: string; state: string }> {
  const job = await cast.researcher.call<{ id: string }>("POST", "/api/v1/jobs", {
    kind: "sandbox",
    purpose: "mortality by free light chains",
    datasets: ["flchain"],
    image: "python",
    files: { [program]: example("flchain", program).toString("utf8") },
    command: ["python3", program],
    outputs,
    limits: { wall_s: 120 },
    mode,
  });
  return await shownEnd(cast.researcher, job.id);
}

async function shownEnd(who: Person, id: string): Promise<Json & { id: string; state: string }> {
  const until = Date.now() + 180_000;
  while (Date.now() < until) {
    const job = await who.call<Json & { id: string; state: string }>("GET", `/api/v1/jobs/${id}`);
    if (!["queued", "running"].includes(job.state)) return job;
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new GloveboxError("internal", { detail: `job ${id} did not end within three minutes` });
}

/** What an auditor sees of a held job. */
export async function heldOutputs(auditor: Person, job: string): Promise<HeldOutput[]> {
  return (await auditor.call<{ items: HeldOutput[] }>("GET", `/api/v1/jobs/${job}/outputs`)).items;
}

export interface Vote {
  decision: "approve" | "reject";
  comment: string;
}

/** Who asks for a release, and who reviews it. */
export interface Parties {
  requester: Person;
  auditors: readonly Person[];
}

/** Requests a release of outputs, all unless named; the auditors fetch, hash, judge and sign every file. @returns its end */
export async function released(
  { requester, auditors }: Parties,
  job: string,
  justification: string,
  vote: Vote,
  names?: readonly string[],
): Promise<{ id: string; state: string; files: string[] }> {
  const held = await requester.call<{ items: { id: string; name: string }[] }>(
    "GET",
    `/api/v1/jobs/${job}/outputs`,
  );
  const chosen = held.items.filter(({ name }) => names?.includes(name) ?? true);
  const files = chosen.map(({ name }) => name);
  const made = await requester.call<{ id: string }>("POST", "/api/v1/releases", {
    job,
    outputs: chosen.map((o) => o.id),
    justification,
  });
  await requester.call("POST", `/api/v1/releases/${made.id}/submit`, {});
  for (const auditor of auditors) await review(auditor, made.id, files, vote);
  const { state } = await requester.call<{ state: string }>("GET", `/api/v1/releases/${made.id}`);
  return { id: made.id, state, files };
}

async function review(
  auditor: Person,
  id: string,
  names: readonly string[],
  { decision, comment }: Vote,
): Promise<void> {
  const vote = decision === "approve" ? "approved" : "changes_requested";
  const files: Record<string, Json> = {};
  for (const name of names) {
    const content = await auditor.bytes(`/api/v1/releases/${id}/files/${encodeURIComponent(name)}`);
    files[name] = { sha256: await sha256(content), vote };
  }
  const signature = auditor.sign({ release: id, files, decision, comment });
  await auditor.call("POST", `/api/v1/releases/${id}/reviews`, { files, decision, comment, signature });
}

async function sha256(content: Buffer): Promise<string> {
  return Buffer.from(await crypto.subtle.digest("SHA-256", new Uint8Array(content))).toString("hex");
}
