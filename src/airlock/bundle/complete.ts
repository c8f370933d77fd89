/**
 * The last step by itself: approved → released. The bundle is made from what was frozen at the approval and put into the
 * vault; then one commit says so. A crash before that commit leaves the release approved, and this is done again
 * from the start; a second bundle of one release can therefore never be named.
 */
import { Readable } from "node:stream";
import { canonicalJson, type JsonObject, type Tx } from "../../ledger/index.js";
import type { VaultObject } from "../../store/index.js";
import { GloveboxError, SYSTEM_ACTOR } from "../../vocabulary/index.js";
import type { AirlockParts } from "../airlock.js";
import { moveRelease } from "../change.js";
import { reviewsOfRound } from "../policy.js";
import type { Release } from "../release.js";
import { frozenContext, loadRelease, placeOf, releaseRow } from "../rows.js";
import { type JobFile, OUTPUTS, PATHS, type ReviewsFile } from "./format.js";
import type { Frozen } from "./freeze.js";
import { type Packed, packZip } from "./pack.js";
import { receiptOf } from "./receipt.js";

/** Does nothing to a release that is not approved. */
export async function completeRelease(parts: AirlockParts, id: string): Promise<void> {
  const release = loadRelease(parts.store.db, parts.keys, id);
  if (release.state !== "approved") return;
  const { files, size } = bundleFiles(parts, release);
  const bundle = await parts.vault.put(Readable.from(packZip(files)));
  parts.ledger.commit((tx) => finish(tx, parts, id, bundle, size));
}

function bundleFiles(parts: AirlockParts, release: Release): { files: Packed[]; size: number } {
  const texts = frozenTexts(parts, release.id);
  const job = JSON.parse(texts[PATHS.job]!) as JobFile;
  const head = parts.ledger.checkpoint();
  const receipt = receiptOf(
    parts.ledger,
    {
      release: release.id,
      round: release.round,
      reviews: reviewsOfRound(release).map((r) => r.id),
      policies: policiesIn(texts[PATHS.reviews]!),
      job,
      outputs: release.files.map((f) => f.output),
      known: parts.jobs.knownHead(release.job),
    },
    head.size,
  );
  const written: Record<string, string> = {
    ...texts,
    [PATHS.receipt]: canonicalJson(JSON.parse(JSON.stringify(receipt)) as JsonObject),
    [PATHS.checkpoint]: head.note,
  };
  const files: Packed[] = Object.entries(written).map(([name, text]) => ({
    name,
    content: Buffer.from(text),
  }));
  return { files: [...files, ...outputFiles(parts, release)], size: head.size };
}

const policiesIn = (text: string): number[] =>
  (JSON.parse(text) as ReviewsFile).policies?.map((p) => p.entry) ?? [];

function frozenTexts(parts: AirlockParts, id: string): Frozen["texts"] {
  const { frozen_sealed } = releaseRow(parts.store.db, id);
  if (frozen_sealed === null)
    throw new GloveboxError("internal", { detail: "an approved release has nothing frozen" });
  return JSON.parse(
    parts.keys.sealer.open(frozen_sealed, frozenContext(id)).toString("utf8"),
  ) as Frozen["texts"];
}

function outputFiles(parts: AirlockParts, release: Release): Packed[] {
  const held = new Map(parts.jobs.heldOutputs(release.job).map((o) => [o.id, o.object]));
  return release.files.map(({ name, output }) => {
    const object = held.get(output);
    if (object === undefined)
      throw new GloveboxError("internal", { detail: "an output that was approved is not held any more" });
    return { name: `${OUTPUTS}${name}`, content: () => parts.vault.get(object) };
  });
}

function finish(tx: Tx, parts: AirlockParts, id: string, bundle: VaultObject, treeSize: number): void {
  const release = loadRelease(tx.db, parts.keys, id);
  if (release.state !== "approved") return;
  if (!parts.vault.has(bundle.object))
    throw new GloveboxError("internal", { detail: "the bundle was swept before it was named" });
  moveRelease(tx, placeOf(release), "release", {
    actor: SYSTEM_ACTOR,
    changes: {
      released_at: tx.now,
      frozen_sealed: null,
      bundle_object: bundle.object,
      bundle_sha256: bundle.sha256,
      bundle_bytes: bundle.bytes,
    },
    data: { bundle_sha256: bundle.sha256, bundle_bytes: bundle.bytes, tree_size: treeSize },
  });
}
