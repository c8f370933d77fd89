/**
 * What a release lets out, fixed byte for byte at the moment of its approval: the texts of the bundle, and the manifest
 * of hashes that the ledger's entry of the approval carries. The bundle is made from these later, whatever has
 * been renamed or closed meanwhile.
 *
 * Rule: nothing here tells the requester what its signals do not: no moment of the run, nothing of the auditors' findings
 * but which rules spoke, no hash of a View.
 */

import type { HeldOutput, JobRecord } from "../../jobs/index.js";
import { canonicalJson, type JsonObject, nodeCrypto, toHex, utf8 } from "../../ledger/index.js";
import { verdictFor } from "../../privacy/index.js";
import { GloveboxError, type PrincipalId, rfc3339 } from "../../vocabulary/index.js";
import type { AirlockParts } from "../airlock.js";
import type { StandingPolicy } from "../by-policy/service.js";
import { reviewsOfRound } from "../policy.js";
import type { Release } from "../release.js";
import { findingsForRequester } from "../visibility.js";
import { crateOf } from "./crate.js";
import { type FindingsFile, type JobFile, OUTPUTS, PATHS, type ReviewsFile } from "./format.js";

export interface Frozen {
  /** Contents of the text files, by path. */
  texts: Record<string, string>;
  /** Hex SHA-256 by path: of the texts and of the outputs. */
  manifest: Record<string, string>;
}

interface NamedOutput {
  name: string;
  output: HeldOutput;
}

/** Inside the transaction that approves. */
export function freeze(
  parts: AirlockParts,
  release: Release,
  now: number,
  policies?: readonly StandingPolicy[],
): Frozen {
  const outputs = namedOutputs(parts, release);
  const job = jobFileOf(parts, release, parts.jobs.record(release.job));
  const crateOutputs = outputs.map(({ name, output }) => ({
    name,
    media_type: output.media_type,
    bytes: output.bytes,
    sha256: output.sha256,
  }));
  const papers = parts.jobs.papers(release.job);
  const crate = crateOf(job, crateOutputs, parts.ledger.origin, rfc3339(now), Object.keys(papers));
  const texts: Record<string, string> = {
    [PATHS.job]: canonicalJson(plain(job)),
    [PATHS.findings]: canonicalJson(plain(findingsFileOf(outputs))),
    [PATHS.reviews]: canonicalJson(plain(reviewsFileOf(parts, release, policies))),
    [PATHS.crate]: canonicalJson(crate),
  };
  for (const [path, paper] of Object.entries(papers)) texts[path] = canonicalJson(plain(paper));
  const manifest: Record<string, string> = {};
  for (const [path, content] of Object.entries(texts))
    manifest[path] = toHex(nodeCrypto.sha256(utf8(content)));
  for (const { name, output } of outputs) manifest[`${OUTPUTS}${name}`] = output.sha256;
  return { texts, manifest };
}

const plain = (value: object): JsonObject => JSON.parse(JSON.stringify(value)) as JsonObject;

function namedOutputs(parts: AirlockParts, release: Release): NamedOutput[] {
  const held = new Map(parts.jobs.heldOutputs(release.job).map((o) => [o.id, o]));
  return release.files.map(({ name, output, sha256 }) => {
    const found = held.get(output);
    if (found?.sha256 !== sha256 || !parts.vault.has(found.object))
      throw new GloveboxError("internal", { detail: "an output that was approved is not held any more" });
    return { name, output: found };
  });
}

const nameOf = (parts: AirlockParts, id: PrincipalId) => ({
  id: id as string,
  name: parts.catalog.principals.named(id)?.name ?? id,
});

function jobFileOf(parts: AirlockParts, release: Release, record: JobRecord): JobFile {
  if (record.run === null || record.mode !== "real")
    throw new GloveboxError("internal", { detail: "a release is of a real job that ran" });
  const { id, kind, purpose, grade, isolation, spec, spec_sha256 } = record;
  return {
    release: { id: release.id, justification: release.justification },
    job: {
      id,
      kind,
      mode: record.mode,
      purpose,
      principal: nameOf(parts, record.principal),
      grade,
      isolation,
      spec: spec as JobFile["job"]["spec"],
      spec_sha256,
    },
    datasets: record.datasets.map(({ dataset, name, grant, version, view }) => ({
      name,
      dataset,
      version,
      grant,
      view: viewOf(parts, view),
    })),
    run: { id: record.run.id, image: record.run.image as JobFile["run"]["image"] },
  };
}

/** The spec alone: the View's id is dated, and the hash of its content would confirm a guess of it. */
function viewOf(parts: AirlockParts, id: string | null): JobFile["datasets"][number]["view"] {
  const row = parts.store.db
    .prepare<[string | null], { spec: string; spec_sha256: string }>(
      "SELECT spec, spec_sha256 FROM views WHERE id = ?",
    )
    .get(id);
  return row === undefined
    ? null
    : {
        spec: JSON.parse(row.spec) as JobFile["job"]["spec"],
        spec_sha256: row.spec_sha256,
      };
}

function findingsFileOf(outputs: readonly NamedOutput[]): FindingsFile {
  return {
    outputs: Object.fromEntries(
      outputs.map(({ name, output }) => [
        name,
        {
          output: output.id,
          // As the entry of the output has it: without what is for auditors only.
          verdict: verdictFor(output.findings, "requester"),
          evidence: output.evidence,
          ...(output.claim === undefined
            ? {}
            : { claim: output.claim as FindingsFile["outputs"][string]["claim"] }),
          findings: findingsForRequester(output.findings),
          auditors_findings: output.findings_commitment,
        },
      ]),
    ),
  };
}

function reviewsFileOf(
  parts: AirlockParts,
  release: Release,
  policies?: readonly StandingPolicy[],
): ReviewsFile {
  if (policies !== undefined)
    return {
      reviews: [],
      policies: policies.map(({ statement, public_key, signature, owner, entry }) => ({
        statement,
        public_key,
        signature,
        owner: nameOf(parts, owner),
        entry,
      })),
    };
  return {
    reviews: reviewsOfRound(release).map(
      ({ id, reviewer, round, statement, salt, public_key, signature }) => ({
        id,
        reviewer: nameOf(parts, reviewer),
        round,
        statement,
        salt,
        public_key,
        signature,
      }),
    ),
  };
}
