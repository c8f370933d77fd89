/**
 * The chain grant → job → run → output → reviews → release: every link names the next, and all that a file says is said
 * by an entry of the log. Pure.
 */
import {
  canonicalJson,
  type JsonObject,
  type JsonValue,
  toHex,
  utf8,
  type VerifierCrypto,
} from "../../ledger/index.js";
import { OUTPUTS, PATHS, type ReceiptEntry } from "../bundle/format.js";
import { entriesOf, onlyEntry, placeOf, same } from "./entries.js";
import type { Bundle } from "./files.js";
import { checkPolicies } from "./policies.js";
import type { Report } from "./report.js";
import { checkReviews } from "./reviews.js";

export interface Links {
  job: ReceiptEntry;
  run: ReceiptEntry;
  request: ReceiptEntry;
  release: ReceiptEntry;
  grants: ReceiptEntry[];
  outputs: ReceiptEntry[];
  /** One or the other. */
  reviews: ReceiptEntry[];
  policies: ReceiptEntry[];
}

export function checkChain(crypto: VerifierCrypto, bundle: Bundle, report: Report): Links | undefined {
  const job = onlyEntry(bundle, "job", report);
  const run = onlyEntry(bundle, "run", report);
  const request = onlyEntry(bundle, "request", report);
  const release = onlyEntry(bundle, "release", report);
  if (!job || !run || !request || !release) return undefined;
  const links: Links = {
    job,
    run,
    request,
    release,
    grants: entriesOf(bundle, "grant"),
    outputs: entriesOf(bundle, "output"),
    reviews: entriesOf(bundle, "review"),
    policies: entriesOf(bundle, "policy"),
  };
  checkManifest(crypto, bundle, release, report);
  checkJob(crypto, bundle, links, report);
  checkGrants(bundle, links, report);
  checkRun(bundle, links, report);
  checkOutputs(bundle, links, report);
  checkRequest(bundle, links, report);
  if (bundle.reviews.policies === undefined) checkReviews(crypto, bundle, links, report);
  else checkPolicies(crypto, bundle, links, report);
  checkOrder(links, report);
  return links;
}

const hashOf = (crypto: VerifierCrypto, bytes: Uint8Array): string => toHex(crypto.sha256(bytes));

/** Every file but the receipt and the checkpoint is named, with its hash, by the entry of the approval. */
function checkManifest(crypto: VerifierCrypto, bundle: Bundle, release: ReceiptEntry, report: Report): void {
  const { files } = release.opening.data;
  const manifest = new Map(Object.entries((files ?? {}) as Record<string, unknown>));
  for (const [path, content] of bundle.files) {
    if (path === PATHS.receipt || path === PATHS.checkpoint) continue;
    report.require(
      manifest.get(path) === hashOf(crypto, content),
      path,
      "is not what the log's entry of the release names",
    );
    manifest.delete(path);
  }
  for (const path of manifest.keys()) report.add(path, "was released and is missing");
  report.require(
    release.opening.subject === bundle.job.release.id && release.opening.data.job === bundle.job.job.id,
    placeOf(release),
    "is of another release or job than job.json",
  );
}

function checkJob(crypto: VerifierCrypto, bundle: Bundle, { job }: Links, report: Report): void {
  const stated = bundle.job.job;
  const { opening } = job;
  const where = placeOf(job);
  report.require(
    opening.subject === stated.id && opening.actor === stated.principal.id,
    where,
    "is of another job or author than job.json",
  );
  const spec = hashOf(crypto, utf8(canonicalJson(stated.spec as JsonObject)));
  report.require(spec === stated.spec_sha256, PATHS.job, "states a spec that is not of its hash");
  report.require(
    opening.data.spec_sha256 === stated.spec_sha256 &&
      opening.data.mode === "real" &&
      opening.data.kind === stated.kind,
    where,
    "submitted another program than job.json states",
  );
  const datasets = bundle.job.datasets.map(({ dataset, version, grant }) => ({ dataset, version, grant }));
  report.require(
    same(sorted(opening.data.datasets as JsonObject[]), sorted(datasets)),
    where,
    "read other data than job.json states",
  );
}

const sorted = (datasets: JsonObject[] | undefined): JsonValue | undefined =>
  Array.isArray(datasets)
    ? [...datasets].sort((a, b) => (String(a.dataset) < String(b.dataset) ? -1 : 1))
    : undefined;

function checkGrants(bundle: Bundle, { grants, job }: Links, report: Report): void {
  report.require(
    grants.length === bundle.job.datasets.length,
    PATHS.receipt,
    "needs one grant for each dataset of the job",
  );
  for (const { grant, dataset } of bundle.job.datasets) {
    const entry = grants.find((g) => g.opening.subject === grant);
    if (!entry) {
      report.add(PATHS.receipt, `has no entry of the grant ${grant}`);
      continue;
    }
    const { data } = entry.opening;
    report.require(
      data.principal === job.opening.actor && data.dataset === dataset,
      placeOf(entry),
      "granted somebody else, or other data, than the job says",
    );
    report.require(
      String(data.expires_at) > job.opening.time,
      placeOf(entry),
      "had expired when the job was submitted",
    );
  }
}

function checkRun(bundle: Bundle, { run }: Links, report: Report): void {
  const { data } = run.opening;
  const stated = bundle.job.run;
  report.require(
    data.run === stated.id && data.job === bundle.job.job.id,
    placeOf(run),
    "is of another run or job than job.json",
  );
  if (data.image !== undefined || stated.image !== null)
    report.require(
      same(data.image as JsonValue | undefined, stated.image),
      placeOf(run),
      "ran another image than job.json states",
    );
}

function checkOutputs(bundle: Bundle, { outputs, release }: Links, report: Report): void {
  const names = [...bundle.outputs.keys()].sort();
  report.require(
    same(Object.keys(bundle.findings.outputs).sort(), names) && outputs.length === names.length,
    PATHS.findings,
    "does not speak of exactly the files that are there",
  );
  const manifest = release.opening.data.files as JsonObject | undefined;
  for (const [name, said] of Object.entries(bundle.findings.outputs)) {
    const entry = outputs.find((o) => o.opening.subject === said.output);
    if (!entry) {
      report.add(PATHS.receipt, `has no entry of the output ${name}`);
      continue;
    }
    const { data } = entry.opening;
    report.require(
      data.job === bundle.job.job.id && data.run === bundle.job.run.id,
      placeOf(entry),
      "came out of another run or job",
    );
    report.require(
      data.sha256 === manifest?.[`${OUTPUTS}${name}`],
      `${OUTPUTS}${name}`,
      "is not what the run put out and the checks saw",
    );
    report.require(
      data.verdict === said.verdict &&
        data.evidence === said.evidence &&
        data.findings_commitment === said.auditors_findings,
      placeOf(entry),
      "had other findings than findings.json states",
    );
  }
}

/** What was asked for is what was released. */
function checkRequest(bundle: Bundle, { request, release }: Links, report: Report): void {
  const { data, subject } = request.opening;
  const asked = Object.fromEntries(
    Object.entries(bundle.findings.outputs).map(([name, said]) => [name, said.output]),
  );
  report.require(
    subject === bundle.job.release.id &&
      data.job === bundle.job.job.id &&
      data.round === release.opening.data.round &&
      data.justification === bundle.job.release.justification &&
      same(data.files as JsonValue | undefined, asked),
    placeOf(request),
    "asked for other files than were released",
  );
}

/** The log has them in the order in which one needs the other. */
function checkOrder(links: Links, report: Report): void {
  const order = [
    links.grants,
    [links.job],
    [links.run],
    links.outputs,
    [links.request],
    links.reviews,
    [links.release],
  ];
  const places = order.map((entries) => entries.map((e) => e.leaf.seq));
  const inOrder = places
    .filter((seqs) => seqs.length > 0)
    .every((seqs, i, all) => {
      const next = all[i + 1];
      return next === undefined || Math.max(...seqs) < Math.min(...next);
    });
  const policies = links.policies.every((p) => p.leaf.seq < links.request.leaf.seq);
  report.require(inOrder && policies, PATHS.receipt, "has the steps in an order that cannot be");
}
