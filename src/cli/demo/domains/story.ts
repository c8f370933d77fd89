/** Three domains and their people, over the HTTP API of each node alone. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { packageRoot } from "../../../store/index.js";
import { GloveboxError } from "../../../vocabulary/index.js";
import { type Json, Person } from "../people.js";
import type { DomainNode } from "./cluster.js";

export const DATASET = "records";
export const PURPOSE = "mortality with fatty liver disease, over three domains";

/** What all agree on: the columns that may be asked about, with their public bounds. */
export const COLUMNS = [
  { name: "male", type: "integer", bounds: ["0", "1"], categories: ["0", "1"] },
  { name: "age", type: "integer", bounds: ["18", "98"] },
  { name: "bmi", type: "decimal", bounds: ["9", "85"], decimals: 6 },
  { name: "futime", type: "integer", bounds: ["0", "7300"] },
  { name: "status", type: "integer", bounds: ["0", "1"], categories: ["0", "1"] },
] as const;

/** How much of the file lies where: the parts are uneven, and nobody is in two. */
const SHARES = [0.55, 0.3, 0.15] as const;

export function partsOf(file: string): string[] {
  const [header = "", ...rows] = readFileSync(file, "utf8").trimEnd().split("\n");
  let from = 0;
  return SHARES.map((share, i) => {
    const to = i === SHARES.length - 1 ? rows.length : from + Math.round(share * rows.length);
    const part = [header, ...rows.slice(from, to)].join("\n");
    from = to;
    return part;
  });
}

export const NAFLD = join(packageRoot(), "examples", "data", "nafld1.csv");

export interface DomainPeople {
  node: DomainNode;
  key: string;
  fingerprint: string;
  operator: Person;
  owner?: Person;
  auditors: Person[];
}

/** @param part CSV of this domain's rows; without it the domain holds no data. */
export async function addDomain(node: DomainNode, part?: string): Promise<DomainPeople> {
  const admin = new Person("admin", node.url, node.adminToken);
  const add = async (name: string, role: string) => {
    const made = await admin.call<{ token: string }>("POST", "/api/v1/principals", { name, roles: [role] });
    return new Person(name, node.url, made.token, role === "auditor");
  };
  const operator = await add("operator", "operator");
  const { key, fingerprint } = await operator.call<{ key: string; fingerprint: string }>(
    "GET",
    "/api/v1/domain",
  );
  if (part === undefined) return { node, key, fingerprint, operator, auditors: [] };
  const owner = await add("owner", "owner");
  const auditors = [await add("auditor-chen", "auditor"), await add("auditor-wu", "auditor")];
  for (const auditor of auditors) await auditor.registerKey();
  await publish(owner, auditors, part);
  return { node, key, fingerprint, operator, owner, auditors };
}

async function publish(owner: Person, auditors: readonly Person[], part: string): Promise<void> {
  await owner.call("POST", "/api/v1/datasets", {
    name: DATASET,
    unit_column: "id",
    auditors: auditors.map(({ name }) => name),
    columns: [{ name: "id", class: "identifier", grade: 3 }],
  });
  const path = `/api/v1/datasets/${DATASET}`;
  await owner.put(`${path}/content`, "text/csv", Buffer.from(part));
  await owner.call("POST", `${path}/assess`, {});
  await owner.call("POST", `${path}/publish`, {});
}

export async function grantTo({ owner, operator }: DomainPeople, spec_sha256: string): Promise<void> {
  await owner?.call("POST", "/api/v1/grants", {
    principal: operator.name,
    dataset: DATASET,
    purpose: PURPOSE,
    access: "query",
    job_kinds: ["aggregate"],
    constraints: { collaboration: spec_sha256 },
    expires_at: new Date(Date.now() + 86_400_000).toISOString(),
  });
}

/** Asks until it is so. */
export async function until<T>(
  ask: () => Promise<T>,
  is: (answer: T) => boolean,
  what: string,
  withinMs = 120_000,
): Promise<T> {
  const late = Date.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (is(answer)) return answer;
    if (Date.now() > late)
      throw new GloveboxError("internal", { detail: `the demo waited in vain: ${what}` });
    await pause(100);
  }
}

export interface Round extends Json {
  round: number;
  state: string;
  steps?: number;
  job?: string;
  result?: string;
  reason?: string;
}

export const roundPath = (id: string, round: number): string =>
  `/api/v1/collaborations/${id}/rounds/${round}`;

export async function ended({ operator }: DomainPeople, id: string, round: number): Promise<Round> {
  return until(
    () => operator.call<Round>("GET", roundPath(id, round)),
    ({ state, job, reason }) => (state === "done" && job !== undefined) || reason !== undefined,
    `round ${round}`,
  );
}
