/** RO-Crate 1.1: the bundle described for tools that know nothing of Glovebox. Pure. */
import type { JsonObject } from "../../ledger/index.js";
import { COLLABORATION_PATH, type JobFile, OUTPUTS, PATHS } from "./format.js";

export interface CrateOutput {
  name: string;
  media_type: string;
  bytes: number;
  sha256: string;
}

const DESCRIPTIONS: readonly (readonly [path: string, format: string, description: string])[] = [
  [PATHS.checkpoint, "text/plain", "Signed head of the log (C2SP tlog-checkpoint)"],
  [
    COLLABORATION_PATH,
    "application/json",
    "What all domains of the collaboration said and what their logs say of this result",
  ],
  [PATHS.findings, "application/json", "What the checks said of each output"],
  [PATHS.job, "application/json", "What was run, on which version of the data, under which grant"],
  [PATHS.receipt, "application/json", "The opened log entries and their inclusion proofs"],
  [
    PATHS.reviews,
    "application/json",
    "The signed votes of the reviewers, or the owners' signed policies in their place",
  ],
];

const pathOf = (name: string) => `${OUTPUTS}${encodeURIComponent(name)}`;
const ref = (id: string): JsonObject => ({ "@id": id });

export function crateOf(
  job: JobFile,
  outputs: readonly CrateOutput[],
  origin: string,
  publishedAt: string,
  papers: readonly string[],
): JsonObject {
  const files = outputs.map((o) => ({
    "@id": pathOf(o.name),
    "@type": "File",
    name: o.name,
    encodingFormat: o.media_type,
    contentSize: String(o.bytes),
    sha256: o.sha256,
  }));
  const there = DESCRIPTIONS.filter(([path]) => path !== COLLABORATION_PATH || papers.includes(path));
  const evidence = there.map(([path, encodingFormat, description]) => ({
    "@id": path,
    "@type": "File",
    name: path,
    encodingFormat,
    description,
  }));
  const parts = [...files, ...evidence].map((f) => ref(f["@id"]));
  return {
    "@context": "https://w3id.org/ro/crate/1.1/context",
    "@graph": [
      {
        "@id": PATHS.crate,
        "@type": "CreativeWork",
        about: ref("./"),
        conformsTo: ref("https://w3id.org/ro/crate/1.1"),
      },
      rootOf(job, origin, publishedAt, parts),
      actionOf(job, outputs),
      { "@id": `#${job.job.principal.id}`, "@type": "Person", name: job.job.principal.name },
      ...job.datasets.map((d) => ({
        "@id": `#${d.version}`,
        "@type": "Dataset",
        name: d.name,
        identifier: d.version,
        description: "Held data; not part of this crate",
      })),
      ...files,
      ...evidence,
    ],
  };
}

function rootOf(job: JobFile, origin: string, publishedAt: string, parts: JsonObject[]): JsonObject {
  return {
    "@id": "./",
    "@type": "Dataset",
    name: `Release ${job.release.id} of ${origin}`,
    identifier: job.release.id,
    description: job.release.justification,
    datePublished: publishedAt,
    license: `Under the terms of ${job.datasets.map((d) => d.grant).join(", ")}`,
    hasPart: parts,
    mentions: [ref(`#${job.job.id}`)],
  };
}

function actionOf(job: JobFile, outputs: readonly CrateOutput[]): JsonObject {
  return {
    "@id": `#${job.job.id}`,
    "@type": "CreateAction",
    name: job.job.purpose,
    agent: ref(`#${job.job.principal.id}`),
    object: job.datasets.map((d) => ref(`#${d.version}`)),
    result: outputs.map((o) => ref(pathOf(o.name))),
  };
}
