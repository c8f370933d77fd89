/** The airlock put together: decisions are in policy, states and visibility; changes in requests and reviews. */
import type { HeldOutput } from "../jobs/index.js";
import {
  type Actor,
  GloveboxError,
  type Page,
  type PageRequest,
  pageOf,
  parsePage,
} from "../vocabulary/index.js";
import { heldFiles, judgeWaiting } from "./again.js";
import type { Airlock, AirlockParts } from "./airlock.js";
import { completeRelease } from "./bundle/complete.js";
import { type PolicyInput, policyView, type ReleasePolicyView, setPolicy } from "./by-policy/service.js";
import { rememberEarlier } from "./facts.js";
import type { Release, ReleaseInput, ReleaseView, ReviewInput } from "./release.js";
import { createRelease, replaceFile, submitRelease, withdrawRelease } from "./requests.js";
import { reviewRelease } from "./reviews.js";
import { approvedIds, loadRelease, releaseIds, releaseRow, unknownRelease } from "./rows.js";
import { releaseRoom } from "./told.js";
import { readsFiles, type Sight, sightOf, viewOf } from "./visibility.js";

class AirlockService implements Airlock {
  /** Two at once would make two bundles of one release. */
  private readonly completing = new Map<string, Promise<void>>();

  constructor(private readonly parts: AirlockParts) {
    rememberEarlier(parts);
  }

  create(actor: Actor, input: ReleaseInput): ReleaseView {
    return this.get(actor, createRelease(this.parts, actor, input));
  }
  replaceFile(
    actor: Actor,
    id: string,
    name: string,
    input: { output: string },
    ifMatch?: number,
  ): ReleaseView {
    replaceFile(this.parts, actor, id, name, input, ifMatch);
    return this.get(actor, id);
  }
  submit(actor: Actor, id: string, ifMatch?: number): ReleaseView {
    // Whatever is in the way of the bundle now: the next tick makes it.
    if (submitRelease(this.parts, actor, id, ifMatch)) void this.complete(id).catch(() => undefined);
    return this.get(actor, id);
  }
  async completed(actor: Actor, id: string): Promise<ReleaseView> {
    this.seen(actor, id);
    await this.complete(id).catch(() => undefined);
    return this.get(actor, id);
  }
  policy(actor: Actor, dataset: string): ReleasePolicyView {
    return policyView(this.parts, actor, dataset);
  }
  setPolicy(actor: Actor, dataset: string, input: PolicyInput): ReleasePolicyView {
    return setPolicy(this.parts, actor, dataset, input);
  }
  withdraw(actor: Actor, id: string, ifMatch?: number): ReleaseView {
    withdrawRelease(this.parts, actor, id, ifMatch);
    return this.get(actor, id);
  }

  async review(actor: Actor, id: string, input: ReviewInput, ifMatch?: number): Promise<ReleaseView> {
    const approved = await reviewRelease(this.parts, actor, id, input, ifMatch);
    // The vote stands whatever becomes of the bundle now: the next tick makes it, and tells of what is in its way.
    if (approved) await this.complete(id).catch(() => undefined);
    return this.get(actor, id);
  }

  get(actor: Actor, id: string): ReleaseView {
    const { release, sight } = this.seen(actor, id);
    return this.view(release, sight, actor);
  }

  list(actor: Actor, page?: PageRequest): Page<ReleaseView> {
    const { limit, cursor } = parsePage(page);
    const rows = releaseIds(this.parts.store.db, {
      actor: actor.id,
      auditor: actor.roles.includes("auditor"),
      cursor,
      limit: limit + 1,
    });
    return pageOf(rows, limit, ({ id }) => this.get(actor, id));
  }

  file(actor: Actor, id: string, name: string) {
    const { release, sight } = this.seen(actor, id);
    const file = release.files.find((f) => f.name === name);
    if (!file) throw new GloveboxError("not_found", { detail: "the release has no such file" });
    if (!readsFiles(sight, release.state))
      throw new GloveboxError("forbidden", {
        detail: "its auditors read it while it is held, its requester once it is released",
      });
    const output = this.outputs(release).get(file.output);
    if (output?.sha256 !== file.sha256)
      throw new GloveboxError("not_found", { detail: "the output is not kept any more" });
    const { media_type, bytes, sha256 } = output;
    return { stream: this.parts.vault.get(output.object), info: { media_type, bytes, sha256 } };
  }

  bundle(actor: Actor, id: string) {
    const { release } = this.seen(actor, id);
    const row = releaseRow(this.parts.store.db, release.id);
    const { bundle_object, bundle_sha256, bundle_bytes } = row;
    if (row.state !== "released" || bundle_object === null || bundle_sha256 === null || bundle_bytes === null)
      throw new GloveboxError("state_conflict", { detail: "there is no bundle until it is released" });
    return {
      stream: this.parts.vault.get(bundle_object),
      info: { media_type: "application/zip", bytes: bundle_bytes, sha256: bundle_sha256 },
    };
  }

  async tick(): Promise<void> {
    const failures: unknown[] = [];
    for (const id of approvedIds(this.parts.store.db))
      await this.complete(id).catch((error) => failures.push(error));
    await judgeWaiting(this.parts).catch((error) => failures.push(error));
    if (failures.length > 0) throw failures[0];
  }

  private complete(id: string): Promise<void> {
    const running = this.completing.get(id);
    if (running) return running;
    const work = completeRelease(this.parts, id).finally(() => this.completing.delete(id));
    this.completing.set(id, work);
    return work;
  }

  /** @throws not_found to those who may not know of it */
  private seen(actor: Actor, id: string): { release: Release; sight: Sight } {
    const release = loadRelease(this.parts.store.db, this.parts.keys, id);
    const sight = sightOf(actor, release);
    if (sight === undefined) throw unknownRelease();
    return { release, sight };
  }

  private view(release: Release, sight: Sight, actor: Actor): ReleaseView {
    const nameOf = (id: string) => this.parts.catalog.principals.named(id)?.name ?? id;
    const outputs = this.outputs(release);
    const room =
      sight === "auditor" ? releaseRoom(this.parts.store.db, release, outputs.values()) : undefined;
    return viewOf(release, sight, actor.id, outputs, nameOf, room);
  }

  private outputs(release: Release): Map<string, HeldOutput> {
    return heldFiles(this.parts, release);
  }
}

export function createAirlock(parts: AirlockParts): Airlock {
  return new AirlockService(parts);
}
