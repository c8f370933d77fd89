/**
 * Every route of the OpenAPI document, asked by everybody about everything there is.
 *
 * Rules: the routes come from the document that the node serves; one that is not in the table below fails the
 * sweep. Reading comes first, changes in the table's order after, the destructive last, so that each caller asks a
 * world in which the answer could hold something.
 */
import { call, type Json, type Person } from "../../harness/index.js";

/** What there is to ask about. */
export interface Subjects {
  datasets: readonly string[];
  jobs: readonly string[];
  releases: readonly string[];
  grants: readonly string[];
  uploads: readonly string[];
  /** Names of outputs, real and not. */
  files: readonly string[];
  /** An output's id, to put in another's place. */
  output: string;
  /** Words that are in the data and a caller may guess. */
  guess: string;
}

interface Asked {
  /** The same for everybody, and large: nobody and one person ask. */
  same?: true;
  /** What its path parameters may be, in order; each combination is asked. */
  params?(s: Subjects): readonly (readonly string[])[];
  query?: readonly string[];
  bodies?(s: Subjects): readonly (Json | Buffer)[];
  media?: string;
  headers?: Record<string, string>;
}

const datasets = (s: Subjects) => [[...s.datasets, "none"]];
const jobs = (s: Subjects) => [s.jobs];
const releases = (s: Subjects) => [s.releases];
const grants = (s: Subjects) => [s.grants];
const uploads = (s: Subjects) => [s.uploads];
const TUS = { "tus-resumable": "1.0.0" };
const CLB = "clb_01K00000000000000000000000";
const nothing = { bodies: () => [{}] };
const FUTURE = "2030-01-01T00:00:00Z";
const CSV = "a,b\n1,2\n";

/** By operationId, in the order of asking. */
const ASKED: Record<string, Asked> = {
  healthz: { same: true },
  readyz: { same: true },
  metrics: {},
  openapi: { same: true },
  docs: { same: true, query: ["", "?lang=zh"] },
  getMe: {},
  listPrincipals: {},
  listDatasets: { query: ["", "?limit=1"] },
  getDataset: { params: datasets },
  getSynthetic: { params: datasets },
  getBudget: { params: datasets },
  getReleasePolicy: { params: datasets },
  listUploads: { params: datasets },
  getUpload: { params: uploads, headers: TUS },
  listGrants: {},
  getGrant: { params: grants },
  listJobs: { query: ["", "?limit=200"] },
  getJob: { params: jobs },
  jobEvents: { params: jobs },
  getJobCode: { params: jobs },
  listOutputs: { params: jobs },
  getDryRunOutput: { params: (s) => [s.jobs, s.files] },
  listReleases: {},
  getRelease: { params: releases },
  getReleaseFile: { params: (s) => [s.releases, s.files] },
  getBundle: { params: releases },
  getCheckpoint: {},
  getLedgerKey: {},
  getEntries: { query: ["", "?from=0&to=5"] },
  getInclusionProof: { query: ["?index=0", "?index=3"] },
  getConsistencyProof: { query: ["?from=1"] },
  getDomain: {},
  listCollaborations: {},
  getCollaboration: { params: () => [[CLB]] },
  getRound: { params: () => [[CLB], ["1"]] },
  // What is sent is the caller's own; what is answered must not say whether a guess was right.
  submitJob: {
    bodies: (s) => [
      {
        kind: "sandbox",
        purpose: "p",
        datasets: [...s.datasets, s.guess],
        image: "python",
        files: {},
        command: ["x"],
        outputs: [],
      },
      { kind: "table", purpose: "p", datasets: s.datasets },
    ],
  },
  askQuery: {
    bodies: (s) =>
      [
        "SELECT count(*) FROM D",
        `SELECT count(*) FROM D WHERE note LIKE '${s.guess}%'`,
        "SELECT sum(amount) FROM D",
        "SELECT note FROM D",
        "SELECT count(*) FROM D WHERE CAST(note AS INTEGER) > 0",
        "SELECT count(*) FROM D GROUP BY note",
        "SELECT error(note) FROM D",
      ].map((sql) => ({
        datasets: s.datasets.slice(0, 1),
        sql: sql.replaceAll("D", s.datasets[0]!),
        epsilon: "0.01",
      })),
  },
  askSynthetic: {
    params: (s) => [s.datasets.slice(0, 1)],
    bodies: (s) => [
      { epsilon: "0.01" },
      { epsilon: "0.01", columns: ["amount"] },
      { epsilon: "0.01", columns: ["note", s.guess] },
      { epsilon: "0.01", quote: true },
    ],
  },
  compareSynthetic: { params: (s) => [s.datasets, ["chg_00000000000000000000000000", "none"]] },
  makeSafe: { params: (s) => [s.jobs, s.files], bodies: () => [{}, { how: "round" }] },
  createCollaboration: { bodies: (s) => [{ name: s.guess, purpose: "why so" }] },
  acceptInvitation: {
    bodies: () => [{ url: "http://127.0.0.1:9", id: CLB, coordinator: `${"A".repeat(43)}=` }],
  },
  joinCollaboration: { params: () => [[CLB]], bodies: (s) => s.datasets.map((dataset) => ({ dataset })) },
  openRound: { params: () => [[CLB]], bodies: (s) => [{ statistic: { kind: "table", rows: [s.guess] } }] },
  suspendCollaboration: { params: () => [[CLB]], ...nothing },
  resumeCollaboration: { params: () => [[CLB]], ...nothing },
  endCollaboration: { params: () => [[CLB]], ...nothing },
  listPeers: {},
  revokePeer: { bodies: (s) => [{ peer: s.guess, reason: "why so" }] },
  rotateDomain: { ...nothing },
  withdrawCollaboration: { params: () => [[CLB]], ...nothing },
  createRelease: { bodies: (s) => s.jobs.map((job) => ({ job, outputs: [s.output], justification: "why" })) },
  replaceReleaseFile: {
    params: (s) => [s.releases, s.files.slice(0, 1)],
    bodies: (s) => [{ output: s.output }],
  },
  submitRelease: { params: releases, ...nothing },
  reviewRelease: {
    params: releases,
    bodies: () => [
      {
        files: { "values.csv": { sha256: "0".repeat(64), vote: "approved" } },
        decision: "approve",
        signature: "AA==",
      },
    ],
  },
  createGrant: {
    bodies: (s) =>
      s.datasets.map((dataset) => ({
        dataset,
        principal: "stranger",
        purpose: "p",
        access: "masked",
        expires_at: FUTURE,
      })),
  },
  createDataset: { bodies: (s) => [{ name: s.datasets[0] }, { name: "another", unit_column: "a" }] },
  patchDataset: {
    params: datasets,
    bodies: () => [
      { title: "t" },
      { columns: [{ name: "amount", bounds: [0, 1] }] },
      { columns: [{ name: "note", categories: ["x"] }] },
    ],
  },
  putDatasetContent: { params: datasets, bodies: () => [Buffer.from(CSV)], media: "text/csv" },
  putReleasePolicy: { params: datasets, bodies: () => [{}] },
  describeUploads: { params: datasets },
  createUpload: { params: datasets, headers: { ...TUS, "upload-length": "10" } },
  appendUpload: {
    params: uploads,
    bodies: () => [Buffer.from(CSV)],
    media: "application/offset+octet-stream",
    headers: { ...TUS, "upload-offset": "0" },
  },
  takeUpload: { params: uploads },
  terminateUpload: { params: uploads, headers: TUS },
  assessDataset: { params: datasets, ...nothing },
  publishDataset: { params: datasets, ...nothing },
  putMyKey: { bodies: () => [{ public_key: "AA==" }] },
  addPrincipal: { bodies: () => [{ name: "owner", roles: ["owner"] }] },
  addWorker: { bodies: () => [{ levels: ["microvm"] }] },
  revokeWorker: { params: () => [["wrk_01JDXXXXXXXXXXXXXXXXXXXXXX"]], ...nothing },
  withdrawRelease: { params: releases, ...nothing },
  closeJob: { params: jobs, ...nothing },
  cancelJob: { params: jobs, ...nothing },
  approveGrant: { params: grants, ...nothing },
  refuseGrant: { params: grants, ...nothing },
  suspendDataset: { params: datasets, ...nothing },
  retireDataset: { params: datasets, ...nothing },
  revokeGrant: { params: grants, ...nothing },
  revokePrincipal: { params: () => [["nobody-of-this-name"]], ...nothing },
};

export interface Route {
  operation: string;
  method: string;
  /** With its parameters in braces. */
  path: string;
}

/** The routes of a document. */
export const routesOf = (document: Json): Route[] =>
  Object.entries(document.paths as Record<string, Record<string, { operationId: string }>>).flatMap(
    ([path, methods]) =>
      Object.entries(methods).map(([method, { operationId }]) => ({
        operation: operationId,
        method: method.toUpperCase(),
        path,
      })),
  );

/** Routes of the document that nobody would ask, and names in the table that no route has. */
export function uncovered(routes: readonly Route[]): string[] {
  const there = new Set(routes.map(({ operation }) => operation));
  return [
    ...[...there].filter((operation) => !ASKED[operation]),
    ...Object.keys(ASKED).filter((operation) => !there.has(operation)),
  ];
}

function paths(route: Route, subjects: Subjects): string[] {
  const values = ASKED[route.operation]!.params?.(subjects) ?? [];
  const names = [...route.path.matchAll(/\{\w+\}/g)].map(([name]) => name);
  if (names.length !== values.length)
    throw new Error(`${route.operation} has ${names.length} parameters in its path`);
  let made = [route.path];
  for (const [i, name] of names.entries())
    made = made.flatMap((path) => values[i]!.map((value) => path.replace(name, encodeURIComponent(value))));
  return made.flatMap((path) => (ASKED[route.operation]!.query ?? [""]).map((query) => path + query));
}

export interface Caller {
  name: string;
  /** Undefined: nobody. */
  person?: Person;
}

export interface Answered {
  caller: string;
  operation: string;
  /** Method and path. */
  call: string;
  status: number;
  bytes: Buffer;
}

const order = Object.keys(ASKED);

/** Asks everything of a node. Nobody asks each route once: failed authentications are counted by address. */
export async function askAll(
  url: string,
  routes: readonly Route[],
  callers: readonly Caller[],
  subjects: Subjects,
  only: "reading" | "changing",
): Promise<Answered[]> {
  const answers: Answered[] = [];
  const chosen = routes
    .filter(({ method }) => (method === "GET") === (only === "reading"))
    .sort((a, b) => order.indexOf(a.operation) - order.indexOf(b.operation));
  for (const route of chosen) {
    const { bodies, headers, media, same } = ASKED[route.operation]!;
    for (const { name, person } of same ? callers.slice(0, 2) : callers)
      for (const path of paths(route, subjects).slice(0, person ? undefined : 1))
        for (const body of (bodies?.(subjects) ?? [undefined]).slice(0, person ? undefined : 1)) {
          const sent = {
            token: person?.token,
            body,
            headers: { ...headers, ...(media && { "content-type": media }) },
          };
          const answer = await ask(url, route, path, sent);
          answers.push({
            caller: name,
            operation: route.operation,
            call: `${route.method} ${path}`,
            ...answer,
          });
        }
  }
  return answers;
}

type Sent = Parameters<typeof call>[3];

/** An answer with its headers; an event stream up to its first event, and what came with it. */
async function ask(
  url: string,
  route: Route,
  path: string,
  sent: Sent,
): Promise<{ status: number; bytes: Buffer }> {
  if (route.operation === "jobEvents") {
    const headers = sent?.token ? { authorization: `Bearer ${sent.token}` } : undefined;
    const response = await fetch(url + path, headers ? { headers } : {});
    const reader = response.body!.getReader();
    const { value } = await reader.read();
    await reader.cancel();
    return {
      status: response.status,
      bytes: Buffer.concat([headersOf(response.headers), value ?? Buffer.alloc(0)]),
    };
  }
  const answer = await call(url, route.method, path, sent);
  return { status: answer.status, bytes: Buffer.concat([headersOf(answer.headers), answer.bytes]) };
}

const headersOf = (headers: Headers): Buffer => Buffer.from(`${JSON.stringify([...headers])}\n`);
