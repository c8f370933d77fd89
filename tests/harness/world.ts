/**
 * The people and the data that most tests start from, made through the HTTP API alone: an owner with the published
 * dataset flchain, a researcher with a grant, and the two auditors whom the owner named.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../scripts/setup/home.mjs";
import { events, type Json } from "./http.js";
import { Person } from "./people.js";

export interface World {
  admin: Person;
  owner: Person;
  researcher: Person;
  auditors: [Person, Person];
  dataset: string;
  version: string;
  grant: string;
}

export const FLCHAIN_CSV = join(packageRoot, "examples", "data", "flchain.csv");

export const FLCHAIN_COLUMNS = [
  { name: "id", class: "identifier", grade: 3 },
  { name: "age", class: "quasi-identifier", grade: 3, bounds: [50, 101], unit: "year", nullable: false },
  { name: "sex", class: "quasi-identifier", grade: 3, categories: ["F", "M"], nullable: false },
  { name: "sample.yr", class: "quasi-identifier", grade: 2, bounds: [1995, 2003], nullable: false },
  { name: "kappa", class: "sensitive", grade: 3, bounds: [0, 30], unit: "mg/dL", nullable: false },
  { name: "lambda", class: "sensitive", grade: 3, bounds: [0, 30], unit: "mg/dL", nullable: false },
  { name: "flc.grp", class: "plain", grade: 2, bounds: [1, 10], nullable: false },
  { name: "creatinine", class: "sensitive", grade: 3, bounds: [0, 15], unit: "mg/dL" },
  { name: "mgus", class: "sensitive", grade: 3, bounds: [0, 1], nullable: false },
  { name: "futime", class: "sensitive", grade: 3, bounds: [0, 5300], unit: "day", nullable: false },
  { name: "death", class: "sensitive", grade: 3, bounds: [0, 1], nullable: false },
];

/** Everything up to a running grant. */
export async function world(node: { url: string; adminToken: string }): Promise<World> {
  const admin = Person.admin(node.url, node.adminToken);
  const owner = await Person.add(admin, "owner", ["owner"]);
  const researcher = await Person.add(admin, "researcher", ["researcher"]);
  const auditors: [Person, Person] = [
    await Person.add(admin, "auditor-1", ["auditor"]),
    await Person.add(admin, "auditor-2", ["auditor"]),
  ];
  const version = await publishFlchain(owner, auditors);
  const grant = await grantSandbox(owner, researcher);
  return { admin, owner, researcher, auditors, dataset: "flchain", version, grant };
}

/** The same people at a node that was started again. */
export function worldAt(before: World, node: { url: string }): World {
  const [first, second] = before.auditors;
  return {
    ...before,
    admin: before.admin.at(node.url),
    owner: before.owner.at(node.url),
    researcher: before.researcher.at(node.url),
    auditors: [first.at(node.url), second.at(node.url)],
  };
}

export interface DatasetChoice {
  name?: string;
  /** Replaces the declared columns. */
  columns?: Json[];
  /** More fields of the dataset. */
  more?: Json;
}

/** Registers, fills, assesses and publishes flchain; returns the version's id. */
export async function publishFlchain(
  owner: Person,
  auditors: Person[],
  choice: DatasetChoice = {},
): Promise<string> {
  const { name = "flchain", columns = FLCHAIN_COLUMNS, more = {} } = choice;
  const names = auditors.map((auditor) => auditor.name);
  await owner.must("POST", "/api/v1/datasets", {
    name,
    unit_column: "id",
    auditors: names,
    columns,
    ...more,
  });
  const content = readFileSync(FLCHAIN_CSV);
  const filled = await owner.must("PUT", `/api/v1/datasets/${name}/content`, content, {
    "content-type": "text/csv",
  });
  await owner.must("POST", `/api/v1/datasets/${name}/assess`, {});
  await owner.must("POST", `/api/v1/datasets/${name}/publish`, {});
  return filled.version;
}

/** An active grant for sandbox jobs, a month long; returns its id. */
export async function grantSandbox(owner: Person, grantee: Person, more: Json = {}): Promise<string> {
  const made = await owner.must("POST", "/api/v1/grants", {
    principal: grantee.name,
    dataset: "flchain",
    purpose: "tests",
    access: "sandbox",
    expires_at: new Date(Date.now() + 30 * 86_400_000).toISOString(),
    ...more,
  });
  return made.id;
}

/** A sandbox job of one Python program; `more` replaces any field of it. */
export function sandboxJob(program: string, outputs: string[] = [], more: Json = {}): Json {
  return {
    kind: "sandbox",
    purpose: "tests",
    datasets: ["flchain"],
    image: "python",
    files: { "main.py": program },
    command: ["python3", "main.py"],
    outputs,
    limits: { wall_s: 120 },
    mode: "real",
    ...more,
  };
}

/** Submits a job and returns its id. */
export async function submitJob(who: Person, job: Json): Promise<string> {
  return (await who.must("POST", "/api/v1/jobs", job)).id;
}

const OVER = ["held", "done", "failed", "cancelled", "ended"];

/** Follows a job as `who` sees it until its state is one of `states`; the view then. */
export async function awaitJob(
  who: Person,
  id: string,
  states: string[] = OVER,
  withinMs = 120_000,
): Promise<Json> {
  let last: Json;
  for await (const view of events(who.url, `/api/v1/jobs/${id}/events`, who.token, withinMs)) {
    last = view;
    if (states.includes(view.state)) return view;
  }
  throw new Error(`job ${id} was last seen ${last?.state}, not ${states.join(" or ")}`);
}

/** A requested and submitted release of outputs by name; returns its id. */
export async function requestRelease(requester: Person, job: string, names: string[]): Promise<string> {
  const { items } = await requester.must("GET", `/api/v1/jobs/${job}/outputs`);
  const outputs = names.map((name) => items.find((item: Json) => item.name === name)?.id);
  const made = await requester.must("POST", "/api/v1/releases", {
    job,
    outputs,
    justification: "for the tests",
  });
  await requester.must("POST", `/api/v1/releases/${made.id}/submit`, {});
  return made.id;
}

export interface ReviewChoice {
  decision?: "approve" | "return" | "reject";
  vote?: "approved" | "changes_requested" | "undecided";
  comment?: string;
  overrides?: Record<string, string>;
}

/** The signed review of all files of a release, each fetched and hashed by the reviewer; not yet sent. */
export async function signedReview(
  reviewer: Person,
  release: string,
  choice: ReviewChoice = {},
): Promise<Json> {
  const { decision = "approve", vote = decision === "approve" ? "approved" : "changes_requested" } = choice;
  const view = await reviewer.must("GET", `/api/v1/releases/${release}`);
  const files: Json = {};
  for (const { name } of view.files) {
    const file = await reviewer.http("GET", `/api/v1/releases/${release}/files/${encodeURIComponent(name)}`);
    files[name] = { sha256: createHash("sha256").update(file.bytes).digest("hex"), vote };
  }
  const statement: Json = { release, files, decision };
  if (choice.comment !== undefined) statement.comment = choice.comment;
  if (choice.overrides !== undefined) statement.overrides = choice.overrides;
  const { release: _, ...body } = statement;
  return { ...body, signature: reviewer.sign(statement) };
}

/** Signs and sends a review. */
export async function review(reviewer: Person, release: string, choice: ReviewChoice = {}): Promise<Json> {
  const body = await signedReview(reviewer, release, choice);
  return reviewer.must("POST", `/api/v1/releases/${release}/reviews`, body);
}
