/** `glovebox demo domains`: three domains and a coordinator find figures together; a curious coordinator finds none. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { verifyRelease } from "../../../federated/verifier.js";
import { GloveboxError } from "../../../vocabulary/index.js";
import { Narrator, type StepTime } from "../narrator.js";
import type { Json } from "../people.js";
import { released } from "../story.js";
import { DomainNode } from "./cluster.js";
import { CuriousCoordinator } from "./curious.js";
import {
  addDomain,
  COLUMNS,
  DATASET,
  type DomainPeople,
  ended,
  grantTo,
  NAFLD,
  PURPOSE,
  partsOf,
  type Round,
  roundPath,
  until,
} from "./story.js";

const NAMES = ["health-bureau", "hospital", "insurer"] as const;
const MODEL = "status ~ age + male + bmi";

export interface DomainsResult {
  collaboration: string;
  released: { release: string; files: string[] }[];
  killed: { participant: string; at_round: number };
  refused: { domain: string; entry: string; reason: string }[];
  bundle: string;
  steps: StepTime[];
  seconds: number;
}

interface Cast {
  coordinator: DomainPeople;
  curious: CuriousCoordinator;
  domains: DomainPeople[];
}

/** @param folder for the nodes' data; @param out for the bundle; @param write gets the narration */
export async function runDomainsDemo(
  folder: string,
  out: string,
  write: (text: string) => void,
): Promise<DomainsResult> {
  const n = new Narrator(write);
  const begun = performance.now();
  const nodes: DomainNode[] = [];
  let curious: CuriousCoordinator | undefined;
  try {
    await n.step("Three domains and a coordinator each start a node", () => startNodes(folder, nodes, n));
    curious = await CuriousCoordinator.before(nodes[0]!.url);
    const cast = await n.step("Each domain publishes its own part of nafld1; no row moves", () =>
      addPeople(nodes, curious!, n),
    );
    const id = await n.step("The coordinator proposes; each owner consents; each domain joins", () =>
      collaborate(cast, n),
    );
    const table = await n.step("A table and means over all three", () => askTable(cast, id, n));
    const killed = await n.step(
      "A regression over all three; the insurer's node is killed in the middle",
      () => askModel(cast, id, n),
    );
    const releases = await n.step("Two auditors of the health bureau review and sign", async () => [
      await release(cast, table, n),
      await release(cast, killed.job, n),
    ]);
    const bundle = await n.step("The bundle holds all domains' entries, and is verified offline", () =>
      downloadAndVerify(cast, releases.at(-1)!.release, out, n),
    );
    const refused = await n.step("A curious coordinator tries to open one domain's numbers", () =>
      beCurious(cast, id, n),
    );
    const seconds = Math.round((performance.now() - begun) / 100) / 10;
    const result = {
      collaboration: id,
      released: releases,
      killed: { participant: NAMES[2], at_round: killed.round },
      refused,
      bundle,
      steps: n.steps,
      seconds,
    };
    write(summary(result));
    return result;
  } finally {
    await curious?.close();
    await Promise.all(nodes.map((node) => node.close()));
  }
}

async function startNodes(folder: string, nodes: DomainNode[], n: Narrator): Promise<void> {
  nodes.push(await DomainNode.start(folder, "coordinator", ["--coordinator"]));
  for (const name of NAMES) nodes.push(await DomainNode.start(folder, name));
  for (const { name, url, pid } of nodes) n.say(`${name.padEnd(13)} ${url}  process ${pid}`);
}

async function addPeople(
  [coordinator, ...rest]: readonly DomainNode[],
  curious: CuriousCoordinator,
  n: Narrator,
): Promise<Cast> {
  const parts = partsOf(NAFLD);
  const domains: DomainPeople[] = [];
  for (const [i, node] of rest.entries()) {
    domains.push(await addDomain(node, parts[i]));
    n.say(
      `${node.name.padEnd(13)} ${parts[i]!.split("\n").length - 1} people; key ${domains[i]!.fingerprint}`,
    );
  }
  const own = await addDomain(coordinator!);
  n.say(`${coordinator!.name.padEnd(13)} no data; key ${own.fingerprint}`);
  return { coordinator: own, curious, domains };
}

async function collaborate({ coordinator, curious, domains }: Cast, n: Narrator): Promise<string> {
  const { id, spec_sha256 } = await coordinator.operator.call<{ id: string; spec_sha256: string }>(
    "POST",
    "/api/v1/collaborations",
    {
      name: "nafld",
      purpose: PURPOSE,
      participants: domains.map(({ node, key }) => ({ name: node.name, key })),
      recipients: [NAMES[0]],
      columns: COLUMNS as unknown as Json,
      max_rows: 20_000,
      threshold: 10,
      max_rounds: 100,
      expires_at: new Date(Date.now() + 86_400_000).toISOString(),
    },
  );
  n.say(`${id}: the spec's hash is ${spec_sha256}`);
  for (const domain of domains) {
    await domain.operator.call("POST", "/api/v1/collaborations/invitations", {
      url: curious.url,
      id,
      coordinator: coordinator.key,
    });
    await grantTo(domain, spec_sha256);
    await domain.operator.call("POST", `/api/v1/collaborations/${id}/join`, { dataset: DATASET });
    n.say(`${domain.node.name}: its owner's grant names this hash; it joins with "${DATASET}"`);
  }
  for (const { operator } of [coordinator, ...domains])
    await until(
      () => operator.call("GET", `/api/v1/collaborations/${id}`),
      ({ state }) => state === "active",
      "the collaboration to begin",
    );
  return id;
}

const open = async (domain: DomainPeople, id: string, statistic: Json): Promise<number> =>
  (await domain.operator.call<Round>("POST", `/api/v1/collaborations/${id}/rounds`, { statistic })).round;

/** @returns the job that the result became */
function jobIn({ job, state, reason }: Round): string {
  if (job === undefined)
    throw new GloveboxError("internal", {
      detail: `a round ended ${state}: ${reason ?? "without a result"}`,
    });
  return job;
}

async function askTable({ domains }: Cast, id: string, n: Narrator): Promise<string> {
  const bureau = domains[0]!;
  const round = await open(bureau, id, {
    kind: "table",
    rows: ["male"],
    columns: ["status"],
    values: "age",
    agg: ["mean"],
  });
  const job = jobIn(await ended(bureau, id, round));
  n.say(
    `round ${round}: each domain encrypted its own sums; all three helped to open the total, and nothing else`,
  );
  n.say(`it is held at the health bureau as ${job}`);
  return job;
}

async function askModel({ domains }: Cast, id: string, n: Narrator): Promise<{ job: string; round: number }> {
  const [bureau, , insurer] = domains as [DomainPeople, DomainPeople, DomainPeople];
  const round = await open(bureau, id, { kind: "regression", family: "logit", formula: MODEL });
  await until(
    () => bureau.operator.call<Round>("GET", roundPath(id, round)),
    ({ steps, state }) => (steps ?? 1) >= 2 || state !== "running",
    "the second step",
  );
  await insurer.node.kill();
  n.say(`${insurer.node.name}: killed after Newton's first step; the others wait`);
  await insurer.node.begin();
  n.say(
    `${insurer.node.name}: started again on the same folder; it says the same again, and draws nothing anew`,
  );
  const done = await ended(bureau, id, round);
  n.say(`${MODEL}: ${done.steps ?? 1} rounds, each a sum that only all three can open`);
  return { job: jobIn(done), round };
}

async function release(
  { domains }: Cast,
  job: string,
  n: Narrator,
): Promise<{ release: string; files: string[] }> {
  const { operator, auditors } = domains[0]!;
  await until(
    () => operator.call("GET", `/api/v1/jobs/${job}`),
    ({ state }) => state === "held",
    `job ${job}`,
  );
  const vote = { decision: "approve", comment: "aggregates over thousands of people" } as const;
  const { id, state, files } = await released({ requester: operator, auditors }, job, PURPOSE, vote);
  n.say(`release ${id}: two signed votes → ${state}`);
  if (state !== "released") throw new GloveboxError("internal", { detail: `the release ended as ${state}` });
  for (const name of files)
    n.say((await operator.bytes(`/api/v1/releases/${id}/files/${name}`)).toString("utf8").trimEnd());
  return { release: id, files };
}

async function downloadAndVerify({ domains }: Cast, id: string, out: string, n: Narrator): Promise<string> {
  const bytes = await domains[0]!.operator.bytes(`/api/v1/releases/${id}/bundle`);
  mkdirSync(out, { recursive: true });
  const path = join(out, `${id}.zip`);
  writeFileSync(path, bytes);
  const { ok, proves, not_proven, problems } = verifyRelease(bytes, {});
  if (!ok)
    throw new GloveboxError("internal", {
      detail: `the bundle does not verify: ${problems[0]?.where ?? ""}`,
    });
  n.say(`${path} (${bytes.length} bytes)`);
  for (const line of proves) n.say(`proves: ${line}`);
  for (const line of not_proven) n.say(`does not prove: ${line}`);
  return path;
}

async function beCurious(
  { curious, domains }: Cast,
  id: string,
  n: Narrator,
): Promise<DomainsResult["refused"]> {
  const [bureau, hospital] = domains as [DomainPeople, DomainPeople];
  const rounds = (await bureau.operator.call<{ rounds: number }>("GET", `/api/v1/collaborations/${id}`))
    .rounds;
  curious.wants(hospital.key, rounds + 1);
  n.say("it shows each domain the hospital's ciphertexts under all three names:");
  n.say("the sum that they would help to open were the hospital's numbers alone");
  await open(bureau, id, { kind: "table", rows: ["status"] });
  const refused: DomainsResult["refused"] = [];
  for (const domain of domains) {
    await until(
      () => domain.operator.call("GET", `/api/v1/collaborations/${id}`),
      ({ state }) => state === "suspended",
      `${domain.node.name} to see it`,
    );
    const entry = await evidence(domain, id);
    refused.push({ domain: domain.node.name, ...entry });
    n.say(`${domain.node.name}: suspended; its ledger, entry ${entry.entry}: ${entry.reason}`);
  }
  return refused;
}

interface Entries {
  size: number;
  items: { seq: number; leaf?: string; opening?: { subject: string; data: { reason?: string } } }[];
}

/** As an auditor of the domain reads it. */
async function evidence({ auditors }: DomainPeople, id: string): Promise<{ entry: string; reason: string }> {
  const read = (from: number) => auditors[0]!.call<Entries>("GET", `/api/v1/ledger/entries?from=${from}`);
  const { size } = await read(0);
  const { items } = await read(Math.max(0, size - 50));
  const found = items.find(
    ({ leaf = "{}", opening }) =>
      opening?.subject === id && (JSON.parse(leaf) as { kind?: string }).kind === "collaboration.suspended",
  );
  if (found === undefined)
    throw new GloveboxError("internal", { detail: "no evidence of it; this is a defect" });
  return { entry: String(found.seq), reason: found.opening?.data.reason ?? "" };
}

function summary(r: DomainsResult): string {
  const lines = [
    "",
    ...r.released.map(({ files, release }) => `released   ${files.join(", ")} (${release})`),
    `killed     ${r.killed.participant}, and nothing was lost`,
    ...r.refused.map(({ domain, reason }) => `refused    by ${domain}: ${reason}`),
    `bundle     ${r.bundle}`,
    "",
    ...r.steps.map((s) => `${s.seconds.toFixed(1).padStart(6)} s  ${s.step}`),
    `${r.seconds.toFixed(1).padStart(6)} s  in all`,
    "",
  ];
  return `${lines.join("\n")}\n`;
}
