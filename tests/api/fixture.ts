/** The real application over real rooms, listening on a port of its own; people with their tokens; what was logged. */
import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import type { Server } from "node:http";
import { Writable } from "node:stream";
import canonicalize from "canonicalize";
import { pino } from "pino";
import { createAirlock } from "../../src/airlock/index.js";
import { type ApiDeps, createApi, createHttpServer, listen, stopServer } from "../../src/api/index.js";
import { Federation } from "../../src/federated/index.js";
import { internalRouter } from "../../src/jobs/index.js";
import type { Actor, Role } from "../../src/vocabulary/index.js";
import { type Answer, call, type Sent } from "../harness/http.js";
import { type JobsFixture, jobsFixture } from "../jobs/fixture.js";

export interface Caller {
  name: string;
  token: string;
  actor: Actor;
  http(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
}

export interface ApiFixture {
  rooms: JobsFixture;
  deps: ApiDeps;
  url: string;
  server: Server;
  admin: Caller;
  owner: Caller;
  researcher: Caller;
  operator: Caller;
  auditors: [Caller, Caller];
  /** A new principal with its token. */
  add(name: string, roles: Role[]): Caller;
  http(method: string, path: string, sent?: Sent): Promise<Answer>;
  /** All that the node logged. */
  logged(): string;
  end(): Promise<void>;
}

export async function apiFixture(more: Partial<ApiDeps> = {}): Promise<ApiFixture> {
  const rooms = jobsFixture();
  let log = "";
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      log += chunk.toString("utf8");
      done();
    },
  });
  const shutdown = new AbortController();
  const logger = pino({ level: "trace" }, sink);
  const deps: ApiDeps = {
    store: rooms.store,
    keys: rooms.keys,
    ledger: rooms.ledger,
    catalog: rooms.catalog,
    jobs: rooms.jobs,
    airlock: createAirlock(rooms),
    federation: new Federation({ ...rooms, log: logger, domain: "test" }),
    clock: rooms.clock,
    log: logger,
    internal: internalRouter(rooms.jobs.internal, logger),
    shutdown: shutdown.signal,
    settings: { checkReplies: true, rateLimits: { requests: 1_000_000, failures: 1_000_000 } },
    ...more,
  };
  const server = createHttpServer(createApi(deps));
  const url = `http://127.0.0.1:${await listen(server, 0, "127.0.0.1")}`;
  const caller = (actor: Actor, token: string): Caller => ({
    name: actor.name,
    token,
    actor,
    http: (method, path, body, headers) => call(url, method, path, { token, body, headers }),
  });
  const add = (name: string, roles: Role[]): Caller => {
    const { token } = rooms.catalog.principals.add(rooms.admin, { name, roles });
    return caller(rooms.catalog.principals.byToken(token)!, token);
  };
  return {
    rooms,
    deps,
    url,
    server,
    admin: add("api-admin", ["admin"]),
    owner: add("api-owner", ["owner"]),
    researcher: add("api-researcher", ["researcher"]),
    operator: add("api-operator", ["operator"]),
    auditors: [add("api-auditor-1", ["auditor"]), add("api-auditor-2", ["auditor"])],
    add,
    http: (method, path, sent) => call(url, method, path, sent),
    logged: () => log,
    async end() {
      shutdown.abort();
      await stopServer(server, 100);
      await rooms.end();
    },
  };
}

export const CSV = "id,age,city\nb1,61,Wuhan\nb2,72,Chengdu\nb3,55,Wuhan\n";
export const inAMonth = (f: ApiFixture): string =>
  new Date(f.rooms.clock.now() + 30 * 86_400_000).toISOString();

/** A published dataset of the owner, through the API; both auditors are named. */
export async function publish(f: ApiFixture, name: string, grade = 3): Promise<void> {
  const columns = ["id", "age", "city"].map((column) => ({ name: column, grade }));
  const auditors = f.auditors.map((a) => a.name);
  await expectStatus(
    201,
    f.owner.http("POST", "/api/v1/datasets", { name, unit_column: "id", auditors, columns }),
  );
  const content = { "content-type": "text/csv" };
  await expectStatus(200, f.owner.http("PUT", `/api/v1/datasets/${name}/content`, Buffer.from(CSV), content));
  await expectStatus(200, f.owner.http("POST", `/api/v1/datasets/${name}/assess`, {}));
  await expectStatus(200, f.owner.http("POST", `/api/v1/datasets/${name}/publish`, {}));
}

export async function grant(f: ApiFixture, dataset: string, principal: string): Promise<string> {
  const body = {
    principal,
    dataset,
    purpose: "tests of the API",
    access: "sandbox",
    expires_at: inAMonth(f),
  };
  return (await expectStatus(201, f.owner.http("POST", "/api/v1/grants", body))).json.id;
}

export const jobSpec = (dataset: string, more: object = {}) => ({
  kind: "sandbox",
  purpose: "tests of the API",
  datasets: [dataset],
  image: "python",
  files: { "main.py": "print(1)\n" },
  command: ["python3", "main.py"],
  outputs: ["t.csv"],
  ...more,
});

/** @throws with the problem when the status is another. */
export async function expectStatus(status: number, pending: Promise<Answer>): Promise<Answer> {
  const answer = await pending;
  if (answer.status !== status)
    throw new Error(`expected ${status}, got ${answer.status}: ${answer.text.slice(0, 500)}`);
  return answer;
}

/** A reviewer's key, and signatures as the contract says. */
export function reviewerKey(): { publicKey: string; privateKey: KeyObject; sign(statement: object): string } {
  const { privateKey } = generateKeyPairSync("ed25519");
  const der = createPublicKey(privateKey).export({ format: "der", type: "spki" });
  return {
    publicKey: der.subarray(-32).toString("base64"),
    privateKey,
    sign: (statement) =>
      sign(null, Buffer.from(canonicalize(statement) ?? ""), privateKey).toString("base64"),
  };
}
