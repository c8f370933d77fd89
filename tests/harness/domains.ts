/**
 * Domains that compute together, each a node of its own with an owner, an operator and two auditors, over parts of flchain
 * that share no person.
 */
import { generateKeyPairSync, sign } from "node:crypto";
import { readFileSync } from "node:fs";
import canonicalize from "canonicalize";
import type { Json } from "./http.js";
import { type RunningNode, startNode } from "./node.js";
import { Person } from "./people.js";
import { until } from "./processes.js";
import { FLCHAIN_CSV } from "./world.js";

export interface Domain {
  name: string;
  node: RunningNode;
  owner: Person;
  operator: Person;
  auditors: [Person, Person];
  key: string;
}

const lines = readFileSync(FLCHAIN_CSV, "utf8").trimEnd().replaceAll('"', "").split("\n");
export const FLCHAIN_HEADER = lines[0]!;
export const FLCHAIN_ROWS: readonly string[] = lines.slice(1);

export const fieldOf = (row: string, name: string): string =>
  row.split(",")[FLCHAIN_HEADER.split(",").indexOf(name)]!;

/** Rows one after the other: uneven parts without a person in two. */
export const partsAt = (cuts: readonly number[]): string[] =>
  cuts.slice(0, -1).map((from, i) => [FLCHAIN_HEADER, ...FLCHAIN_ROWS.slice(from, cuts[i + 1])].join("\n"));

/** @param part content of its dataset `records`; without it, it holds no data; @param args more, of `up` */
export async function startDomain(
  name: string,
  part?: string,
  args: readonly string[] = [],
): Promise<Domain> {
  const node = await startNode({ workers: 0, args: ["--domain", name, ...args] });
  const admin = Person.admin(node.url, node.adminToken);
  const owner = await Person.add(admin, "owner", ["owner"]);
  const operator = await Person.add(admin, "operator", ["operator"]);
  const auditors: [Person, Person] = [
    await Person.add(admin, "auditor-1", ["auditor"]),
    await Person.add(admin, "auditor-2", ["auditor"]),
  ];
  if (part !== undefined) {
    await owner.must("POST", "/api/v1/datasets", {
      name: "records",
      unit_column: "id",
      auditors: auditors.map((a) => a.name),
      columns: [
        { name: "id", class: "identifier", grade: 3 },
        { name: "sex", class: "quasi-identifier", grade: 3, categories: ["F", "M"] },
      ],
    });
    await owner.must("PUT", "/api/v1/datasets/records/content", Buffer.from(part), {
      "content-type": "text/csv",
    });
    await owner.must("POST", "/api/v1/datasets/records/assess", {});
    await owner.must("POST", "/api/v1/datasets/records/publish", {});
  }
  const { key } = await operator.must("GET", "/api/v1/domain");
  return { name, node, owner, operator, auditors, key };
}

/** The same people at its node, which was started again. */
export function domainAt(before: Domain, node: RunningNode): Domain {
  const [one, two] = before.auditors;
  return {
    ...before,
    node,
    owner: before.owner.at(node.url),
    operator: before.operator.at(node.url),
    auditors: [one.at(node.url), two.at(node.url)],
  };
}

export const SPOKEN_COLUMNS = [
  { name: "sex", type: "text", categories: ["F", "M"] },
  { name: "age", type: "integer", bounds: ["50", "101"] },
  { name: "kappa", type: "decimal", bounds: ["0", "30"], decimals: 6 },
  { name: "death", type: "integer", bounds: ["0", "1"] },
];

/**
 * Proposed, accepted and joined by all, under each owner's grant; active everywhere.
 * @param more of the spec; @param granted of each owner's grant, by the domain's name
 */
export async function collaborate(
  coordinator: Domain,
  domains: readonly Domain[],
  more: Json = {},
  granted: Record<string, Json> = {},
) {
  const { id, spec_sha256 } = await coordinator.operator.must("POST", "/api/v1/collaborations", {
    name: "mortality",
    purpose: "mortality over the domains",
    participants: domains.map(({ name, key }) => ({ name, key })),
    recipients: [domains[0]!.name],
    columns: SPOKEN_COLUMNS,
    max_rows: 100_000,
    threshold: 10,
    max_rounds: 50,
    expires_at: new Date(Date.now() + 86_400_000).toISOString(),
    ...more,
  });
  for (const { name, owner, operator } of domains) {
    const invitation = { url: coordinator.node.url, id, coordinator: coordinator.key };
    await operator.must("POST", "/api/v1/collaborations/invitations", invitation);
    await owner.must("POST", "/api/v1/grants", {
      principal: operator.name,
      dataset: "records",
      purpose: "mortality over the domains",
      access: "query",
      job_kinds: ["aggregate"],
      constraints: { collaboration: spec_sha256 },
      expires_at: new Date(Date.now() + 86_400_000).toISOString(),
      ...granted[name],
    });
    await operator.must("POST", `/api/v1/collaborations/${id}/join`, { dataset: "records" });
  }
  for (const { name, operator } of [coordinator, ...domains])
    await until(
      async () => (await operator.must("GET", `/api/v1/collaborations/${id}`)).state === "active",
      `${name} active`,
    );
  return { id: id as string, spec_sha256: spec_sha256 as string };
}

/** @returns the round's number */
export const askOver = async (of: Domain, id: string, statistic: Json): Promise<number> =>
  (await of.operator.must("POST", `/api/v1/collaborations/${id}/rounds`, { statistic })).round;

/** The owner signs that verified statistics up to grade 3 go out without people. */
export async function letTablesOut(owner: Person, dataset: string): Promise<void> {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const raw = publicKey.export({ format: "der", type: "spki" }).subarray(-32);
  await owner.must("PUT", "/api/v1/me/key", { public_key: raw.toString("base64") });
  const before = await owner.must("GET", `/api/v1/datasets/${dataset}/release-policy`);
  const statement = {
    dataset: before.dataset,
    auto_release: "verified_tables",
    max_grade: 3,
    number: before.number + 1,
  };
  const signature = sign(null, Buffer.from(canonicalize(statement)!), privateKey).toString("base64");
  const { dataset: _, ...said } = statement;
  await owner.must("PUT", `/api/v1/datasets/${dataset}/release-policy`, { ...said, signature });
}
