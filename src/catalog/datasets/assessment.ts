/**
 * The minimal risk assessment: what each column is and how grave it would be if it leaked, proposed from what the
 * owner declared, from names and from types; the owner accepts or decides otherwise, with reasons, and that is kept.
 *
 * Rules: pure. It never looks at a value. It speaks of one exact schema: when the entry changes, it is no longer
 * current, and publishing needs another. A proposal never lowers what the owner declared.
 */
import canonicalize from "canonicalize";
import {
  type ColumnClass,
  DEFAULT_GRADE,
  GloveboxError,
  type Grade,
  type InputError,
  type IsolationLevel,
  type OpenType,
} from "../../vocabulary/index.js";
import type { ColumnSchema } from "../engine/index.js";
import type { AssessInput, DeclaredColumn } from "./schemas.js";

export interface AssessedColumn extends ColumnSchema {
  proposed_class: ColumnClass;
  proposed_grade: Grade;
  because: string;
  reason?: string;
}

export interface Risk {
  risk: "identifiers" | "linkage" | "repeated_units" | "unbounded";
  message: string;
  columns: string[];
}

export interface Assessment {
  columns: AssessedColumn[];
  unit_column: string | null;
  row_is_unit: boolean;
  max_rows_per_unit: number;
  grade: Grade;
  open_type: OpenType;
  /** Grade 4 may run in a container where the machine has nothing stronger. */
  container_accepted: boolean;
  /** Programs on these data run in at least this isolation, whatever the grade would allow. */
  isolation?: IsolationLevel;
  reason?: string;
  risks: Risk[];
  accepted_by: string;
  at: number;
}

/** What of an entry an assessment speaks of. */
export interface Assessable {
  columns: ColumnSchema[];
  unit_column: string | null;
  row_is_unit: boolean;
  max_rows_per_unit: number;
  open_type: OpenType;
}

/** Names that say what a column is, in English and Chinese; the first that fits counts. */
const NAME_RULES: readonly { name: RegExp; class: ColumnClass; because: string }[] = [
  {
    name: /(^|[._ -])(id|uuid|ssn|passport|phone|mobile|email|mail|card|account|plate|name)([._ -]|$)|身份证|证件|护照|手机|电话|邮箱|姓名|账号|卡号|车牌|信用代码|编号/iu,
    class: "identifier",
    because: "its name is that of an identifier",
  },
  {
    name: /(^|[._ -])(age|sex|gender|birth\w*|dob|zip\w*|postcode|postal|address|city|region|district|county|occupation|marital|ethnicity|race|nationality|education)([._ -]|$)|年龄|性别|出生|邮编|地址|住址|城市|地区|区县|职业|婚姻|民族|国籍|学历/iu,
    class: "quasi-identifier",
    because: "its name is that of a quasi-identifier",
  },
];

/** How much a class can be told apart from the others; a proposal may only go up from what was declared. */
const CLASS_WEIGHT: Record<ColumnClass, number> = {
  plain: 0,
  sensitive: 1,
  "quasi-identifier": 2,
  identifier: 3,
};

function proposedClass(column: ColumnSchema, declared: DeclaredColumn | undefined, unit: string | null) {
  if (column.name === unit) return { class: "identifier" as const, because: "it names the unit" };
  if (declared?.class) return { class: declared.class, because: "declared by the owner" };
  const rule = NAME_RULES.find((r) => r.name.test(column.name));
  if (rule) return { class: rule.class, because: rule.because };
  if (column.type === "date" || column.type === "timestamp")
    return { class: "quasi-identifier" as const, because: "dates help to single out a unit" };
  if (CLASS_WEIGHT[column.class] > 0) return { class: column.class, because: "found at import" };
  return { class: "plain" as const, because: "nothing in its name or type speaks for more" };
}

function proposedGrade(column: ColumnSchema, declared: DeclaredColumn | undefined, of: ColumnClass): Grade {
  const stated = declared?.grade ?? column.grade ?? DEFAULT_GRADE;
  // An identifier is at least sensitive unless the owner graded it.
  return of === "identifier" && declared?.grade === undefined && stated < 3 ? 3 : stated;
}

/** @throws invalid_input for a column that is not there, or an open type that the grade rules out. */
export function assess(
  subject: Assessable,
  declared: readonly DeclaredColumn[],
  input: AssessInput,
  by: { accepted_by: string; at: number },
): Assessment {
  const byName = new Map(declared.map((c) => [c.name, c]));
  const decided = new Map((input.columns ?? []).map((c) => [c.name, c]));
  refuseUnknown(subject, [...decided.keys()]);
  const unit = subject.unit_column === null ? undefined : decided.get(subject.unit_column);
  if (unit?.class !== undefined && unit.class !== "identifier")
    throw refusal("columns", "the unit column is an identifier, whatever else it is");
  const columns = subject.columns.map((column): AssessedColumn => {
    const proposal = proposedClass(column, byName.get(column.name), subject.unit_column);
    const grade = proposedGrade(column, byName.get(column.name), proposal.class);
    const own = decided.get(column.name);
    return {
      ...column,
      class: own?.class ?? proposal.class,
      grade: own?.grade ?? grade,
      proposed_class: proposal.class,
      proposed_grade: grade,
      because: proposal.because,
      ...(own ? { reason: own.reason } : {}),
    };
  });
  const openType = input.open_type ?? subject.open_type;
  if (openType !== subject.open_type && !input.reason)
    throw refusal("reason", "say why the open type differs from the declared one");
  if (input.container_accepted && !input.reason)
    throw refusal("reason", "say why a container is enough for these data");
  if (input.container_accepted && input.isolation !== undefined && input.isolation !== "container")
    throw refusal("isolation", "a container cannot be enough and too little at once");
  const grade = highestGrade(columns);
  refuseOpenAbovePublic(openType, grade);
  return {
    columns,
    unit_column: subject.unit_column,
    row_is_unit: subject.row_is_unit,
    max_rows_per_unit: subject.max_rows_per_unit,
    grade,
    open_type: openType,
    container_accepted: input.container_accepted ?? false,
    ...(input.isolation ? { isolation: input.isolation } : {}),
    ...(input.reason ? { reason: input.reason } : {}),
    risks: risksOf(columns, subject),
    ...by,
  };
}

const refusal = (path: string, message: string) =>
  new GloveboxError("invalid_input", { detail: `${path}: ${message}`, errors: [{ path, message }] });

function refuseUnknown(subject: Assessable, names: string[]): void {
  const known = new Set(subject.columns.map((c) => c.name));
  const errors: InputError[] = names.flatMap((name, i) =>
    known.has(name) ? [] : [{ path: `columns.${i}.name`, message: "is no column of this dataset" }],
  );
  if (errors.length > 0) throw new GloveboxError("invalid_input", { errors, detail: "unknown columns" });
}

/** Only public data may be open to all; anything graded higher is conditional or closed. */
function refuseOpenAbovePublic(openType: OpenType, grade: Grade): void {
  if (openType === "open" && grade > 1)
    throw refusal("open_type", `open is for grade 1 only, and the highest column's grade is ${grade}`);
}

export function highestGrade(columns: readonly { grade?: Grade | undefined }[]): Grade {
  if (columns.length === 0) return DEFAULT_GRADE;
  return Math.max(...columns.map((c) => c.grade ?? DEFAULT_GRADE)) as Grade;
}

function risksOf(columns: readonly AssessedColumn[], subject: Assessable): Risk[] {
  const of = (wanted: ColumnClass) => columns.filter((c) => c.class === wanted).map((c) => c.name);
  const unbounded = columns
    .filter(
      (c) =>
        ["integer", "decimal", "date", "timestamp"].includes(c.type) && !c.bounds && c.class !== "identifier",
    )
    .map((c) => c.name);
  const risks: Risk[] = [];
  if (of("identifier").length > 0)
    risks.push({ risk: "identifiers", message: "These name a unit directly.", columns: of("identifier") });
  if (of("quasi-identifier").length > 1)
    risks.push({
      risk: "linkage",
      message: "Together these may single out a unit for someone who knows it from elsewhere.",
      columns: of("quasi-identifier"),
    });
  if (subject.max_rows_per_unit > 1)
    risks.push({
      risk: "repeated_units",
      message: `A unit may have up to ${subject.max_rows_per_unit} rows, which together tell more than one.`,
      columns: [],
    });
  if (unbounded.length > 0)
    risks.push({
      risk: "unbounded",
      message: "Without declared bounds the twin cannot resemble these, and noisy queries will refuse them.",
      columns: unbounded,
    });
  return risks;
}

/** What the assessment says of the schema, without how it came to it. */
const schemaPart = ({
  proposed_class,
  proposed_grade,
  because,
  reason,
  ...column
}: AssessedColumn): ColumnSchema => column;

export const assessedSchema = (assessment: Assessment): ColumnSchema[] => assessment.columns.map(schemaPart);

/** The assessment speaks of the entry as it is now. Fewer empty cells than assessed change nothing. */
export function isCurrent(assessment: Assessment, now: Assessable): boolean {
  const key = (a: Assessable) =>
    canonicalize({
      unit: a.unit_column,
      row_is_unit: a.row_is_unit,
      max: a.max_rows_per_unit,
      open_type: a.open_type,
      columns: a.columns.map(({ nullable: _, ...rest }) => rest),
    });
  const assessed = assessedSchema(assessment);
  if (key({ ...assessment, columns: assessed }) !== key(now)) return false;
  return now.columns.every((column, i) => !column.nullable || assessed[i]?.nullable === true);
}
