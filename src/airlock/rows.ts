/** Releases as the database keeps them, and the one place that turns rows into values. */
import type Database from "better-sqlite3";
import type { Keys } from "../store/index.js";
import { GloveboxError, isId, type PrincipalId, type Role } from "../vocabulary/index.js";
import type { Release, ReleaseDataset, ReleaseFile, ReleaseState, Review, Statement } from "./release.js";

type Db = Database.Database;

export interface ReleaseRow extends Omit<Release, "author" | "files" | "datasets" | "reviews"> {
  author: PrincipalId;
  approved_at: number | null;
  frozen_sealed: Buffer | null;
  bundle_object: string | null;
  bundle_sha256: string | null;
  bundle_bytes: number | null;
}

const SELECT = "SELECT r.*, j.principal AS author FROM releases r JOIN jobs j ON j.id = r.job";

export const unknownRelease = () =>
  new GloveboxError("not_found", { detail: "no such release, or none that you may know of" });

/** @throws not_found */
export function releaseRow(db: Db, id: string): ReleaseRow {
  const row = isId("release", id) ? db.prepare(`${SELECT} WHERE r.id = ?`).get(id) : undefined;
  if (!row) throw unknownRelease();
  return row as ReleaseRow;
}

/** Where a sealed value belongs: in another row it does not open. */
export const frozenContext = (release: string): string => `release:${release}`;
export const statementContext = (review: string): string => `review:${review}`;

const filesOf = (db: Db, release: string): ReleaseFile[] =>
  db
    .prepare("SELECT name, output, sha256 FROM release_files WHERE release = ? ORDER BY name")
    .all(release) as ReleaseFile[];

function datasetsOf(db: Db, job: string): ReleaseDataset[] {
  const rows = db
    .prepare(
      `SELECT jd.dataset, d.name, d.owner, jd.grant_id AS grant, g.decided_by AS granted_by
       FROM job_datasets jd JOIN datasets d ON d.id = jd.dataset JOIN grants g ON g.id = jd.grant_id
       WHERE jd.job = ? ORDER BY d.name`,
    )
    .all(job) as Omit<ReleaseDataset, "auditors">[];
  return rows.map((row) => ({ ...row, auditors: auditorsOf(db, row.dataset) }));
}

/** Named, still auditors, not revoked. */
function auditorsOf(db: Db, dataset: string): PrincipalId[] {
  const rows = db
    .prepare(
      `SELECT p.id, p.roles FROM dataset_auditors a JOIN principals p ON p.id = a.principal
       WHERE a.dataset = ? AND p.revoked_at IS NULL ORDER BY a.named_at, p.id`,
    )
    .all(dataset) as { id: PrincipalId; roles: string }[];
  return rows.filter((r) => (JSON.parse(r.roles) as Role[]).includes("auditor")).map((r) => r.id);
}

interface ReviewRow extends Omit<Review, "statement" | "complete"> {
  statement_sealed: Buffer;
  complete: number;
}

function reviewsOf(db: Db, keys: Pick<Keys, "sealer">, release: string): Review[] {
  const rows = db
    .prepare("SELECT * FROM reviews WHERE release = ? ORDER BY round, rowid")
    .all(release) as ReviewRow[];
  return rows.map(({ statement_sealed, complete, ...row }) => ({
    ...row,
    complete: complete === 1,
    statement: JSON.parse(
      keys.sealer.open(statement_sealed, statementContext(row.id)).toString("utf8"),
    ) as Statement,
  }));
}

/** The release with all that its rules need. @throws not_found */
export function loadRelease(db: Db, keys: Pick<Keys, "sealer">, id: string): Release {
  const row = releaseRow(db, id);
  return {
    id: row.id,
    job: row.job,
    principal: row.principal,
    author: row.author,
    justification: row.justification,
    state: row.state,
    round: row.round,
    files: filesOf(db, row.id),
    datasets: datasetsOf(db, row.job),
    reviews: reviewsOf(db, keys, row.id),
    created_at: row.created_at,
    submitted_at: row.submitted_at,
    released_at: row.released_at,
    rev: row.rev,
  };
}

/** What a change of its state needs to know of it. */
export const placeOf = (release: Release) => ({
  id: release.id,
  job: release.job,
  state: release.state,
  dataset: release.datasets.map((d) => d.dataset),
});

/** Newest first: one's own, and those submitted that concern one as auditor or owner. */
const LIST = `
  SELECT r.id FROM releases r WHERE r.id < @cursor AND (
    r.principal = @actor
    OR (r.submitted_at IS NOT NULL AND EXISTS (
      SELECT 1 FROM job_datasets jd JOIN datasets d ON d.id = jd.dataset
      LEFT JOIN dataset_auditors a ON a.dataset = jd.dataset AND a.principal = @actor
      WHERE jd.job = r.job AND (d.owner = @actor OR (@auditor = 1 AND a.principal IS NOT NULL)))))
  ORDER BY r.id DESC LIMIT @limit`;

export function releaseIds(
  db: Db,
  query: { actor: PrincipalId; auditor: boolean; cursor: string | undefined; limit: number },
): { id: string }[] {
  const { actor, auditor, cursor = "~", limit } = query;
  return db.prepare(LIST).all({ actor, auditor: auditor ? 1 : 0, cursor, limit }) as { id: string }[];
}

export const approvedIds = (db: Db): string[] =>
  db.prepare("SELECT id FROM releases WHERE state = 'approved' ORDER BY id").pluck().all() as string[];

export const openIds = (db: Db, states: readonly ReleaseState[]): string[] =>
  db
    .prepare(`SELECT id FROM releases WHERE state IN (${states.map(() => "?").join(", ")}) ORDER BY id`)
    .pluck()
    .all(...states) as string[];
