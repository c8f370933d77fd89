/** Three domains and a coordinator that holds no data, each `glovebox up` in a process of its own, with one collaboration. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { packageRoot } from "../../src/store/index.js";

type Json = Record<string, unknown>;

/** One person at one node's API. */
class Person {
  constructor(
    private readonly url: string,
    private readonly token: string,
  ) {}

  async call(method: string, path: string, body?: Json | string): Promise<Json> {
    const sent = typeof body === "string" ? body : JSON.stringify(body ?? {});
    const answer = await fetch(new URL(`/api/v1${path}`, this.url), {
      method,
      headers: {
        authorization: `Bearer ${this.token}`,
        "content-type": typeof body === "string" ? "text/csv" : "application/json",
      },
      ...(method === "GET" ? {} : { body: sent }),
    });
    const json = (await answer.json()) as Json;
    if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status} ${JSON.stringify(json)}`);
    return json;
  }

  async add(name: string, role: string): Promise<Person> {
    const made = await this.call("POST", "/principals", { name, roles: [role] });
    return new Person(this.url, String(made.token));
  }
}

export interface Domain {
  name: string;
  dataDir: string;
  url: string;
  key: string;
  owner: Person;
  operator: Person;
}

export interface Collaborating {
  id: string;
  coordinator: Domain;
  domains: Domain[];
  /** Asked by the first domain; resolves when it is over there. */
  ask(statistic: Json): Promise<Json>;
  close(): Promise<void>;
}

const NAMES = ["bureau", "hospital", "insurer"] as const;
const POLL_MS = 20;

/** @param parts a CSV for each domain; @param columns of the spec */
export async function collaborating(
  folder: string,
  parts: readonly string[],
  columns: readonly Json[],
): Promise<Collaborating> {
  const children: ChildProcess[] = [];
  try {
    const coordinator = await started(folder, "coordinator", children);
    const domains: Domain[] = [];
    for (const name of NAMES) domains.push(await started(folder, name, children));
    for (const [i, { owner }] of domains.entries()) await published(owner, parts[i]!);
    const id = await agreed(coordinator, domains, columns);
    return {
      id,
      coordinator,
      domains,
      ask: (statistic) => asked(domains[0]!, id, statistic),
      close: () => ended(children),
    };
  } catch (error) {
    await ended(children);
    throw error;
  }
}

async function started(folder: string, name: string, children: ChildProcess[]): Promise<Domain> {
  const dataDir = join(folder, name);
  const words = ["up", "--data-dir", dataDir, "--port", String(await freePort()), "--domain", name];
  const child = spawn(
    process.execPath,
    [join(packageRoot(), "bin", "glovebox"), ...words, "--workers", "0", "--log-level", "error", "--json"],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  children.push(child);
  const [line] = (await once(createInterface({ input: child.stdout! }), "line")) as [string];
  const { url } = JSON.parse(line) as { url: string };
  const admin = new Person(url, readFileSync(join(dataDir, "admin.token"), "utf8").trim());
  const [owner, operator] = [await admin.add("owner", "owner"), await admin.add("operator", "operator")];
  const { key } = await operator.call("GET", "/domain");
  return { name, dataDir, url, key: String(key), owner, operator };
}

async function published(owner: Person, csv: string): Promise<void> {
  await owner.call("POST", "/datasets", {
    name: "records",
    unit_column: "id",
    columns: [
      { name: "id", class: "identifier", grade: 3 },
      { name: "sex", class: "quasi-identifier", grade: 3, categories: ["F", "M"] },
    ],
  });
  await owner.call("PUT", "/datasets/records/content", csv);
  await owner.call("POST", "/datasets/records/assess");
  await owner.call("POST", "/datasets/records/publish");
}

async function agreed(
  coordinator: Domain,
  domains: readonly Domain[],
  columns: readonly Json[],
): Promise<string> {
  const expires_at = new Date(Date.now() + 86_400_000).toISOString();
  const purpose = "a benchmark over three domains";
  const { id, spec_sha256 } = await coordinator.operator.call("POST", "/collaborations", {
    name: "benchmark",
    purpose,
    participants: domains.map(({ name, key }) => ({ name, key })),
    recipients: [domains[0]!.name],
    columns,
    max_rows: 100_000,
    threshold: 10,
    max_rounds: 1_000,
    expires_at,
  });
  for (const { owner, operator } of domains) {
    const invitation = { url: coordinator.url, id, coordinator: coordinator.key };
    await operator.call("POST", "/collaborations/invitations", invitation);
    await owner.call("POST", "/grants", {
      principal: "operator",
      dataset: "records",
      purpose,
      access: "query",
      job_kinds: ["aggregate"],
      constraints: { collaboration: spec_sha256 },
      expires_at,
    });
    await operator.call("POST", `/collaborations/${id}/join`, { dataset: "records" });
  }
  for (const { operator } of [coordinator, ...domains])
    while ((await operator.call("GET", `/collaborations/${id}`)).state !== "active") await pause(POLL_MS);
  return String(id);
}

async function asked({ operator }: Domain, id: string, statistic: Json): Promise<Json> {
  const { round } = await operator.call("POST", `/collaborations/${id}/rounds`, { statistic });
  for (;;) {
    const seen = await operator.call("GET", `/collaborations/${id}/rounds/${round}`);
    if (seen.state !== "running") return seen;
    await pause(POLL_MS);
  }
}

async function ended(children: readonly ChildProcess[]): Promise<void> {
  for (const child of children) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const gone = once(child, "exit");
    child.kill("SIGTERM");
    await gone;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}
