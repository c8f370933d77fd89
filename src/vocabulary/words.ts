/** The closed word lists that every room shares. */

export const ROLES = ["researcher", "operator", "auditor", "owner", "admin"] as const;
export type Role = (typeof ROLES)[number];
export const ROLE_NAMES_ZH: Record<Role, string> = {
  researcher: "数据使用方",
  operator: "授权运营主体",
  auditor: "审核员",
  owner: "数据提供方",
  admin: "管理员",
};

export const ACCESS_MODES = ["synthetic", "masked", "query", "sandbox"] as const;
export type AccessMode = (typeof ACCESS_MODES)[number];

export const JOB_KINDS = ["sandbox", "table", "query", "aggregate", "align", "train"] as const;
export type JobKindName = (typeof JOB_KINDS)[number];

export const JOB_MODES = ["real", "dry_run"] as const;
export type JobMode = (typeof JOB_MODES)[number];

export const COLUMN_CLASSES = ["identifier", "quasi-identifier", "sensitive", "plain"] as const;
export type ColumnClass = (typeof COLUMN_CLASSES)[number];

export const COLUMN_TYPES = ["boolean", "integer", "decimal", "text", "date", "timestamp"] as const;
export type ColumnType = (typeof COLUMN_TYPES)[number];

export const OPEN_TYPES = ["open", "conditional", "closed"] as const;
export type OpenType = (typeof OPEN_TYPES)[number];

export type Grade = 1 | 2 | 3 | 4 | 5;
export const DEFAULT_GRADE: Grade = 3;

export const ISOLATION_LEVELS = ["container", "userns", "gvisor", "microvm"] as const;
export type IsolationLevel = (typeof ISOLATION_LEVELS)[number];

export interface GradePolicy {
  meaning: string;
  meaning_zh: string;
  access: readonly AccessMode[];
  isolation: readonly IsolationLevel[];
  /** Default signal allowance of a grant in bits; null is unlimited. */
  signal_bits: number | null;
  /** Factor of the grid of elapsed times at which an end shows; null is exact. */
  end_grid: { factor: number; bits: number } | null;
}

/** Grades after GB/T 43697: what access and isolation a grade allows, and what its signals cost. */
export const GRADES: Record<Grade, GradePolicy> = {
  1: {
    meaning: "public",
    meaning_zh: "公开",
    access: ["synthetic", "masked", "query", "sandbox"],
    isolation: ["container", "userns", "gvisor", "microvm"],
    signal_bits: null,
    end_grid: null,
  },
  2: {
    meaning: "internal",
    meaning_zh: "内部",
    access: ["synthetic", "masked", "query", "sandbox"],
    isolation: ["container", "userns", "gvisor", "microvm"],
    signal_bits: null,
    end_grid: { factor: 1.25, bits: 6 },
  },
  3: {
    meaning: "sensitive",
    meaning_zh: "敏感",
    access: ["synthetic", "masked", "query", "sandbox"],
    isolation: ["container", "userns", "gvisor", "microvm"],
    signal_bits: 2000,
    end_grid: { factor: 1.25, bits: 6 },
  },
  4: {
    meaning: "highly sensitive",
    meaning_zh: "高敏感",
    access: ["synthetic", "query", "sandbox"],
    isolation: ["userns", "gvisor", "microvm"],
    signal_bits: 500,
    end_grid: { factor: 2, bits: 5 },
  },
  5: {
    meaning: "core",
    meaning_zh: "核心",
    access: ["synthetic", "query", "sandbox"],
    isolation: ["microvm"],
    signal_bits: 0,
    end_grid: { factor: 2, bits: 5 },
  },
};

export const VERDICTS = ["pass", "review", "fail"] as const;
export type Verdict = (typeof VERDICTS)[number];
export function worstVerdict(verdicts: Iterable<Verdict>): Verdict {
  let worst = 0;
  for (const v of verdicts) worst = Math.max(worst, VERDICTS.indexOf(v));
  return VERDICTS[worst]!;
}

export const EVIDENCES = ["verified", "recomputed", "unverified"] as const;
export type Evidence = (typeof EVIDENCES)[number];

export const FAILURE_CLASSES = ["program_failed", "limit_exceeded", "system_failed", "refused"] as const;
export type FailureClass = (typeof FAILURE_CLASSES)[number];
export const LIMIT_NAMES = ["memory", "wall", "disk", "pids", "output", "log"] as const;
export type LimitName = (typeof LIMIT_NAMES)[number];
