/** What each principal has on the machines now and had of late, read from the runs. */
import type Database from "better-sqlite3";
import { prepared } from "../store/index.js";
import type { PrincipalId } from "../vocabulary/index.js";
import { ALONE_FROM, KEPT_APART_FROM, type MachineStanding, type Standing } from "./policy.js";

/** Recent use is counted over so long. */
export const USE_WINDOW_MS = 3600 * 1000;

const LIVE = `
  SELECT principal,
    sum(state IN ('running', 'checking')) AS running,
    max(mode = 'real' AND grade >= ${KEPT_APART_FROM} AND started_at IS NOT NULL
        AND (end_shown_at IS NULL OR end_shown_at > @now)) AS realRun,
    max(mode = 'dry_run' AND state IN ('running', 'checking')) AS dryRun
  FROM jobs
  WHERE (state IN ('queued', 'running', 'checking') OR end_shown_at > @now)`;

const USED = `
  SELECT j.principal AS principal, sum(coalesce(r.ended_at, @now) - max(r.leased_at, @since)) AS used
  FROM runs r JOIN jobs j ON j.id = r.job
  WHERE r.leased_at > @since OR r.ended_at IS NULL OR r.ended_at > @since`;

interface LiveRow {
  principal: PrincipalId;
  running: number;
  realRun: number | null;
  dryRun: number | null;
}

function collect(
  live: LiveRow[],
  used: { principal: PrincipalId; used: number }[],
): Map<PrincipalId, Standing> {
  const usedBy = new Map(used.map((u) => [u.principal, u.used]));
  return new Map(
    live.map((l) => [
      l.principal,
      {
        running: l.running,
        used: usedBy.get(l.principal) ?? 0,
        realRun: l.realRun === 1,
        dryRun: l.dryRun === 1,
      },
    ]),
  );
}

export function standings(db: Database.Database, now: number): Map<PrincipalId, Standing> {
  const live = prepared(db, `${LIVE} GROUP BY principal`).all({ now }) as LiveRow[];
  const used = prepared(db, `${USED} GROUP BY j.principal`).all({ now, since: now - USE_WINDOW_MS });
  return collect(live, used as { principal: PrincipalId; used: number }[]);
}

const ON_MACHINE = `
  SELECT max(j.mode = 'real' AND j.grade >= ${ALONE_FROM}) AS realRun, max(j.mode = 'dry_run') AS dryRun
  FROM runs r JOIN jobs j ON j.id = r.job JOIN workers w ON w.id = r.worker
  WHERE r.ended_at IS NULL AND (@machine IS NULL OR coalesce(json_extract(w.labels, '$.machine'), @machine) = @machine)`;

/** Whose runs share a worker's machine. Where it is not known which that is, any might. */
export function machineStanding(db: Database.Database, machine: string | undefined): MachineStanding {
  const row = prepared(db, ON_MACHINE).get({ machine: machine ?? null }) as Record<
    "realRun" | "dryRun",
    0 | 1 | null
  >;
  return { realRun: row.realRun === 1, dryRun: row.dryRun === 1 };
}

export function standingOf(db: Database.Database, principal: PrincipalId, now: number): Standing | undefined {
  const live = prepared(db, `${LIVE} AND principal = @principal GROUP BY principal`).all({ now, principal });
  return collect(live as LiveRow[], []).get(principal);
}
