/** At a recipient: a result that was found becomes a job of its operator, under the owner's grant as it stands now. */
import { createHash } from "node:crypto";
import { canonicalJson, type JsonObject } from "../../ledger/index.js";
import type { VersionId } from "../../vocabulary/index.js";
import { GloveboxError } from "../../vocabulary/index.js";
import { type BoardMessage, messagesOfRound } from "../collaborations/rows.js";
import { participantNamed } from "../collaborations/spec.js";
import { grantFor } from "../member/consent.js";
import type { MemberParts } from "../member/parts.js";
import { resultOf } from "../member/results.js";
import type { Blobs } from "../member/revealed.js";
import { said } from "../member/steps.js";
import { entriesIn, PAPER_KINDS, type Paper } from "./paper.js";
import type { Finished } from "./publish.js";
import { insertRoundJob } from "./rows.js";
import { attestsRead, type WitnessedEntry } from "./witnessed.js";

/**
 * Without consent it becomes none, and nobody learns of it.
 * @param holding whose ledgers hold what they said; of others nothing goes into the bundle, which a liar could spoil
 */
export async function enterResult(
  parts: MemberParts,
  finished: Finished,
  blobs: Blobs,
  holding: ReadonlySet<string>,
): Promise<void> {
  const { ledger, store, keys, catalog, jobs, clock } = parts;
  const { row, view, chain } = finished;
  const paper = await paperOf(parts, finished, blobs, holding);
  const version = versionOf(finished, paper);
  const found = resultOf(store.db, keys.sealer, row.id, view.round);
  const mine = ownVersion(finished, paper, keys.identity.publicKey);
  if (found?.kind !== "result" || row.dataset === null)
    throw new GloveboxError("internal", { detail: "a result is gone" });
  const { dataset } = row;
  ledger.commit((tx) => {
    const about = { actor: row.operator, subject: row.id, dataset };
    const place = { round: chain[0]!.round, last: view.round, spec: row.spec_sha256 };
    const kept = { collaboration: row.id, round: view.round, version, paper: canonicalJson(plain(paper)) };
    let grant: ReturnType<typeof grantFor>;
    try {
      grant = grantFor(catalog, row.operator as never, dataset, row.spec_sha256, clock.now());
    } catch (error) {
      if (!(error instanceof GloveboxError)) throw error;
      insertRoundJob(tx, { ...kept, job: null });
      tx.entry({ kind: "round.withheld", ...about, data: { ...place, reason: error.code } });
      return;
    }
    const { current_version } = catalog.datasets.row(dataset);
    const job = jobs.enter(tx, parts.operator(row.operator), {
      kind: "aggregate",
      purpose: row.spec.purpose,
      spec: specOf(finished, catalog.datasets.row(dataset).name, extensionOf(found.media_type)),
      grant,
      version: (mine ?? current_version) as VersionId,
    });
    insertRoundJob(tx, { ...kept, job });
    tx.entry({ kind: "round.found", ...about, data: { ...place, job } });
  });
}

const plain = (value: object): JsonObject => JSON.parse(JSON.stringify(value)) as JsonObject;

const extensionOf = (mediaType: string): string => (mediaType.includes("json") ? "json" : "csv");

/** What the job is of: nothing that hangs on anybody's data. */
function specOf({ row, view, chain }: Finished, dataset: string, extension: string): JsonObject {
  const asked = chain[0]!.asked!;
  return {
    kind: "aggregate",
    purpose: row.spec.purpose,
    datasets: [dataset],
    collaboration: row.id,
    collaboration_spec: row.spec_sha256,
    rounds: chain.map(({ round, attempt }) => ({ round, attempt })),
    over: view.contributors.map((key) => participantNamed(row.spec, key)!),
    statistic: asked.statistic as unknown as JsonObject,
    ...(asked.privacy === undefined ? {} : { privacy: { ...asked.privacy } }),
    output: `result.${extension}`,
    mode: "real",
  };
}

async function paperOf(
  { store }: MemberParts,
  finished: Finished,
  blobs: Blobs,
  holding: ReadonlySet<string>,
): Promise<Paper> {
  const { row, view, chain } = finished;
  const joined = messagesOfRound(store.db, row.id, 0).filter((m) => m.message.kind === "join");
  const rounds = chain.flatMap(({ round, attempt }) =>
    messagesOfRound(store.db, row.id, round).filter((m) => m.message.attempt === attempt),
  );
  const messages = [...joined, ...rounds].filter(
    ({ seq, message: { kind, author } }) =>
      seq !== null && PAPER_KINDS.has(kind) && (kind !== "attest" || holding.has(author)),
  );
  const attests = said(
    { participants: view.contributors, messages: messages.map((m) => m.message) },
    "attest",
  );
  const entries: Record<string, string> = {};
  for (const { blobs: names } of attestsRead(attests).values())
    entries[names[0]!] = (await blobs.get(names[0]!)).toString("base64");
  return {
    version: 1,
    collaboration: row.id,
    spec: row.spec,
    rounds: chain.map(({ round, attempt }) => ({ round, attempt })),
    messages: messages.map(({ message, signature }: BoardMessage) => ({ message, signature })),
    entries,
  };
}

/** By contributor: what it said of its version in the last round. */
function versionsIn({ view }: Finished, paper: Paper): Map<string, string> {
  const messages = paper.messages.map((m) => m.message);
  const attests = attestsRead(said({ participants: view.contributors, messages }, "attest"));
  const versions = new Map<string, string>();
  for (const [author, { blobs }] of attests) {
    const entry = entriesIn(paper.entries[blobs[0]!] ?? "")?.find(isContributed(view.round));
    const version = entry?.opening.data.version;
    if (typeof version === "string") versions.set(author, version);
  }
  return versions;
}

const isContributed =
  (round: number) =>
  ({ leaf, opening }: WitnessedEntry): boolean =>
    leaf.kind === "round.contributed" && opening.data.round === round;

const ownVersion = (finished: Finished, paper: Paper, me: string): string | undefined =>
  versionsIn(finished, paper).get(me);

/** Of all domains' data together. Where one did not say which it was, of no other result. */
function versionOf(finished: Finished, paper: Paper): string {
  const versions = versionsIn(finished, paper);
  const { contributors, round } = finished.view;
  const text = contributors.map((key) => `${key} ${versions.get(key) ?? `of round ${round}`}`).join("\n");
  return createHash("sha256").update(text).digest("hex");
}
