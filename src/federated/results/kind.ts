/**
 * The kind of job that a statistic over domains becomes at a recipient. Nothing runs: what was found lies sealed in the
 * database, and a run puts it out.
 *
 * Rule: such a job is made by the node alone, when a round of a collaboration has ended well.
 */

import { COLLABORATION_PATH } from "../../airlock/index.js";
import type { Finder, FindingJob, JobKind } from "../../jobs/index.js";
import { type JsonObject, parseNote } from "../../ledger/index.js";
import type { Canonical } from "../../privacy/index.js";
import type { Keys, Store } from "../../store/index.js";
import { GloveboxError, invalidInput } from "../../vocabulary/index.js";
import { collaborationRow } from "../collaborations/rows.js";
import { type Found, resultOf } from "../member/results.js";
import type { Paper } from "./paper.js";
import { knownMark } from "./released.js";
import { roundOfJob } from "./rows.js";
import { isApart, judgedTogether, shownText } from "./together.js";
import { attestSchema } from "./witnessed.js";

export interface KindParts {
  store: Store;
  keys: Pick<Keys, "sealer" | "identity">;
}

/** Who lets a result out says so, in its own name. */
export interface ReleasingParts {
  store: Store;
  keys: Keys;
}

const WALL_S = 600;

export function aggregateKind(parts: KindParts): JobKind {
  const output = (spec: JsonObject): string => String(spec.output);
  return {
    name: "aggregate",
    runner: "control",
    access: () => ["query", "sandbox"],
    async parse() {
      throw invalidInput("kind", "is made of a statistic of a collaboration: glovebox collab stat");
    },
    outputs: (spec) => [output(spec)],
    wallSeconds: () => WALL_S,
    finder: finderOf(parts),
  };
}

function finderOf(parts: KindParts): Finder {
  return {
    outputs(job) {
      const { found, row } = foundOf(parts, job);
      return [
        {
          name: String(job.spec.output),
          canonical: canonicalOf(found),
          shows: shownText(row.spec, job.spec),
        },
      ];
    },
    together: (job) => judgedTogether(parts, job.id),
    mark(job) {
      const of = roundOfJob(parts.store.db, job.id);
      return of === undefined ? 0 : knownMark(parts, of.collaboration);
    },
    apart: (job) => isApart(parts, job.id),
    knownHead(job) {
      const of = roundOfJob(parts.store.db, job.id);
      return of === undefined
        ? undefined
        : headSize(JSON.parse(of.paper) as Paper, parts.keys.identity.publicKey);
    },
    papers(job): Record<string, JsonObject> {
      const of = roundOfJob(parts.store.db, job.id);
      return of === undefined ? {} : { [COLLABORATION_PATH]: JSON.parse(of.paper) as JsonObject };
    },
  };
}

/** Of the head that this domain showed for this result. */
function headSize({ messages }: Paper, me: string): number | undefined {
  const own = messages.find(({ message }) => message.kind === "attest" && message.author === me);
  const head = own && attestSchema.safeParse(own.message.body);
  return head?.success ? parseNote(head.data.head)?.size : undefined;
}

function foundOf({ store, keys }: KindParts, job: FindingJob) {
  const of = roundOfJob(store.db, job.id);
  const found = of && resultOf(store.db, keys.sealer, of.collaboration, of.round);
  if (found?.kind !== "result") throw new GloveboxError("internal", { detail: "a result is gone" });
  return { found, row: collaborationRow(store.db, of!.collaboration) };
}

function canonicalOf(found: Extract<Found, { kind: "result" }>): Canonical {
  const { media_type, text, sha256, findings, capacity_bytes, table } = found;
  const canonical = sha256 === undefined ? undefined : Buffer.from(text, "utf8");
  return {
    media_type,
    canonical,
    bytes: canonical?.length ?? 0,
    sha256,
    // What a check adds to its own list is not what was found.
    findings: [...findings],
    capacity_bytes,
    texts: canonical === undefined ? [] : [{ name: "content", content: canonical }],
    ...(table === undefined ? {} : { table }),
  };
}
