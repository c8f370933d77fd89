/**
 * Whether a grant may be given, who sees it, and which grant lets a job run. Pure.
 *
 * Rules: access × grade is the table GRADES, checked when a grant is given and again each time it is used, for a
 * dataset's grade may have risen in between. A closed dataset is opened to nobody. A grant that is past its time
 * is of no use, whether or not the node has ended it yet.
 */
import {
  type AccessMode,
  GloveboxError,
  GRADES,
  type Grade,
  invalidInput,
  type JobKindName,
  type OpenType,
  type Role,
} from "../../vocabulary/index.js";
import type { DatasetState } from "../datasets/schemas.js";
import type { GrantRow } from "./rows.js";
import type { GrantConstraints } from "./schemas.js";

export const MAX_YEARS = 5;
const YEAR_MS = 366 * 86_400_000;
/** How many requests one principal may have open at a time. */
export const MAX_OPEN_REQUESTS = 100;

/** Who can be given a grant: whoever can submit work. */
export const GRANTEE_ROLES: readonly Role[] = ["researcher", "operator"];

/** In which states of the dataset a grant may be asked for, and be given. */
export const GRANTABLE: Record<DatasetState, { request: boolean; give: boolean }> = {
  draft: { request: false, give: false },
  assessed: { request: false, give: true },
  published: { request: true, give: true },
  suspended: { request: false, give: false },
  retired: { request: false, give: false },
};

/** Which kinds of job an access mode can carry. */
export const ACCESS_KINDS: Record<AccessMode, readonly JobKindName[]> = {
  synthetic: ["sandbox"],
  masked: ["sandbox"],
  query: ["query", "table", "aggregate"],
  sandbox: ["sandbox", "table", "query", "aggregate", "align", "train"],
};

/** What a grant is given on. */
export interface GrantedOn {
  state: DatasetState;
  grade: Grade;
  open_type: OpenType;
  /** Names of the columns; empty before there is content. */
  columns: readonly string[];
}

export interface Terms {
  access: AccessMode;
  expires_at: number;
  job_kinds: JobKindName[] | null;
  constraints: GrantConstraints;
}

/** @throws state_conflict, forbidden or invalid_input */
export function mustBeGrantable(on: GrantedOn, terms: Terms, now: number, what: "request" | "give"): void {
  if (!GRANTABLE[on.state][what])
    throw new GloveboxError("state_conflict", { detail: `the dataset is ${on.state}`, state: on.state });
  if (on.open_type === "closed")
    throw new GloveboxError("forbidden", { detail: "the dataset is closed; its owner opens it to nobody" });
  mustAllowAccess(on.grade, terms.access);
  if (terms.access === "masked")
    throw invalidInput("access", "masked needs masks on the columns, which this version does not offer");
  if (terms.expires_at <= now) throw invalidInput("expires_at", "must lie ahead");
  if (terms.expires_at > now + MAX_YEARS * YEAR_MS)
    throw invalidInput("expires_at", `must be within ${MAX_YEARS} years`);
  const beyond = terms.job_kinds?.filter((kind) => !ACCESS_KINDS[terms.access].includes(kind)) ?? [];
  if (beyond.length > 0)
    throw invalidInput("job_kinds", `${terms.access} access does not carry ${beyond.join(", ")}`);
  mustLeaveColumns(on.columns, terms.constraints);
}

/** @throws forbidden */
export function mustAllowAccess(grade: Grade, access: AccessMode): void {
  if (GRADES[grade].access.includes(access)) return;
  throw new GloveboxError("forbidden", {
    detail: `grade ${grade} allows ${GRADES[grade].access.join(", ")} access, not ${access}`,
  });
}

function mustLeaveColumns(columns: readonly string[], { drop_columns = [] }: GrantConstraints): void {
  if (columns.length === 0) return;
  drop_columns.forEach((name, i) => {
    if (!columns.includes(name))
      throw invalidInput(`constraints.drop_columns.${i}`, "is no column of the dataset");
  });
  if (columns.every((name) => drop_columns.includes(name)))
    throw invalidInput("constraints.drop_columns", "leaves no column");
}

/** A column that was renamed would slip past a grant that drops it by its old name: such a grant waits for its owner. */
const stillFits = ({ constraints }: GrantRow, columns: readonly string[]): boolean =>
  (constraints.drop_columns ?? []).every((name) => columns.includes(name));

/** The grade's default where nothing was said; null is unlimited. */
export const signalBitsOf = (said: number | undefined, grade: Grade): number | null =>
  said ?? GRADES[grade].signal_bits;

export interface Wanted {
  access: AccessMode;
  kind: JobKindName;
  now: number;
  /** Columns of the data as they are now. */
  columns: readonly string[];
}

/** What is given for one collaboration serves nothing else. */
const carries = (g: GrantRow, kind: JobKindName): boolean =>
  (g.job_kinds ?? ACCESS_KINDS[g.access]).includes(kind) &&
  (g.constraints.collaboration === undefined || kind === "aggregate");

/** A grant of sandbox access also carries rehearsals on the twin. */
const covers = (grant: GrantRow, access: AccessMode): boolean =>
  grant.access === access || (access === "synthetic" && grant.access === "sandbox");

/**
 * The grant to use, of those that one principal has on one dataset: the one with most left of what runs out, then the
 * one that lasts longest.
 * @throws no_grant, grant_expired or forbidden, whichever says best what is missing.
 */
export function chooseGrant(
  grants: readonly GrantRow[],
  wanted: Wanted,
  left: (grant: GrantRow) => number | null,
): GrantRow {
  const fitting = grants.filter((g) => covers(g, wanted.access));
  const alive = fitting.filter((g) => g.state === "active" && g.expires_at > wanted.now);
  const carrying = alive.filter((g) => carries(g, wanted.kind));
  const usable = carrying.filter((g) => stillFits(g, wanted.columns));
  const rank = (g: GrantRow) => left(g) ?? Number.POSITIVE_INFINITY;
  const best = usable.sort(
    (a, b) => compare(rank(b), rank(a)) || b.expires_at - a.expires_at || compare(a.id, b.id),
  )[0];
  if (best) return best;
  if (carrying.length > 0)
    throw new GloveboxError("no_grant", {
      detail: "the dataset's columns changed since your grant was given; ask its owner for a new one",
    });
  if (alive.length > 0)
    throw new GloveboxError("forbidden", { detail: `your grant does not cover jobs of kind ${wanted.kind}` });
  if (fitting.some((g) => g.state === "expired" || g.state === "active"))
    throw new GloveboxError("grant_expired");
  const asked = fitting.some((g) => g.state === "requested");
  throw new GloveboxError("no_grant", {
    detail: asked
      ? "your request for a grant has not been decided yet"
      : `you have no active grant of ${wanted.access} access to this dataset`,
  });
}

const compare = <T extends number | string>(a: T, b: T): number => (a < b ? -1 : a > b ? 1 : 0);
