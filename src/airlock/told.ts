/**
 * How much a release could carry beside what it says: per file, per job, and by its requester to date. For auditors.
 *
 * Rules: of what the node computed from a claim of before the run nothing was chosen by anybody who had read the data, so
 * it carries no message; of a claim that running code made, its description may; of a program's own file, all that its
 * rebuilt bytes can hold. A record is as many bytes as one of the version takes in its packed, typed form, so a file is
 * said to hold more records rather than fewer. To date counts every file that went out to this principal from one of
 * these datasets, each once.
 */
import type { HeldOutput } from "../jobs/index.js";
import { prepared, type Store } from "../store/index.js";
import type { Release, ReleaseRoom, Room } from "./release.js";

type Db = Store["db"];

/** What this output could carry of a message. */
export const messageBytes = ({
  evidence,
  capacity_bytes,
}: Pick<HeldOutput, "evidence" | "capacity_bytes">): number =>
  evidence === "verified" ? 0 : (capacity_bytes ?? 0);

/** Bytes as records of this size; a part of a record counts as a whole one. */
export const roomOf = (bytes: number, recordBytes: number): Room => ({
  bytes,
  records: Math.ceil(bytes / recordBytes),
});

/** Bytes that a record of the job's data takes; of several datasets, of the one that takes least. */
export function recordBytes(db: Db, job: string): number {
  const versions = prepared(
    db,
    "SELECT v.bytes, v.rows FROM job_datasets jd JOIN versions v ON v.id = jd.version WHERE jd.job = ?",
  ).all(job) as { bytes: number; rows: number }[];
  const sizes = versions.filter(({ rows }) => rows > 0).map(({ bytes, rows }) => bytes / rows);
  return Math.max(1, Math.min(...sizes, Number.MAX_SAFE_INTEGER));
}

const TO_DATE = `
  SELECT coalesce(sum(bytes), 0) AS bytes, count(*) AS files FROM (
    SELECT DISTINCT o.id, CASE WHEN o.evidence = 'verified' THEN 0 ELSE coalesce(o.capacity_bytes, 0) END AS bytes
    FROM releases r JOIN release_files f ON f.release = r.id JOIN outputs o ON o.id = f.output
    WHERE r.principal = @principal AND r.state = 'released' AND EXISTS (
      SELECT 1 FROM job_datasets theirs JOIN job_datasets ours ON ours.dataset = theirs.dataset
      WHERE theirs.job = r.job AND ours.job = @job))`;

/** @param outputs all of the release's job */
export function releaseRoom(db: Db, release: Release, outputs: Iterable<HeldOutput>): ReleaseRoom {
  const size = recordBytes(db, release.job);
  const job = [...outputs].reduce((sum, output) => sum + messageBytes(output), 0);
  const { principal } = release;
  const date = prepared(db, TO_DATE).get({ principal, job: release.job }) as { bytes: number; files: number };
  return {
    record_bytes: Math.round(size),
    job: roomOf(job, size),
    to_date: { ...roomOf(date.bytes, size), files: date.files },
  };
}
