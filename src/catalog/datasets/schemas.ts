/** What goes in and out of datasets: one schema a payload, from which types, checks and OpenAPI come. */
import { z } from "zod";
import { ownersPolicy, policyView } from "../../privacy/index.js";
import { COLUMN_CLASSES, COLUMN_TYPES, ISOLATION_LEVELS, OPEN_TYPES } from "../../vocabulary/index.js";
import { columnEvidence, columnName, fileReading } from "../engine/index.js";
import { principalRef } from "../principals/schemas.js";

export const DATASET_STATES = ["draft", "assessed", "published", "suspended", "retired"] as const;

/** Also the file name of its Views and its name in SQL: at most 200 bytes, so that an extension still fits. */
export const datasetName = z
  .string()
  .regex(/^[\p{L}\p{N}][\p{L}\p{N}._-]{0,63}$/u, "must be 1 to 64 letters, digits, or . _ - after the first")
  .refine((name) => Buffer.byteLength(name) <= 200, "is longer than 200 bytes")
  .describe("Unique name; 1 to 64 letters, digits and . _ -, the first a letter or digit");

export const isNumber = (text: string): boolean =>
  /^[-+]?\d{1,30}(\.\d{1,30})?([eE][-+]?\d{1,3})?$/.test(text);
const isTime = (text: string): boolean =>
  /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?)?$/.test(text) && !Number.isNaN(Date.parse(text));

const oneLine = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .regex(/^[^\p{Cc}\p{Cf}]*$/u, "holds control characters");

const named = columnName.describe("Name of the column, as in the first line of the CSV");

export const grade = z
  .union([z.literal(1), z.literal(2), z.literal(3), z.literal(4), z.literal(5)])
  .describe("1 public, 2 internal, 3 sensitive, 4 highly sensitive, 5 core");

const bound = z
  .union([z.number(), z.string()])
  .transform((value) => String(value))
  .refine((text) => isNumber(text) || isTime(text), "must be a number or a date")
  .meta({ description: "A number, or a date or time as a string: 2020-12-31, 2020-12-31 23:59:59" });

const bounds = z
  .tuple([bound, bound])
  .refine(([low, high]) => isNumber(low) === isNumber(high), "must be two numbers or two dates")
  .refine(([low, high]) => (isNumber(low) ? Number(low) <= Number(high) : low <= high), "must rise");

export const declaredColumn = z
  .strictObject({
    name: named,
    type: z.enum(COLUMN_TYPES).optional().describe("Read as this type; otherwise found out at import"),
    class: z.enum(COLUMN_CLASSES).optional().describe("How the column could point at a unit"),
    grade: grade.optional().describe("1 public … 5 core; 3 when not said"),
    mask: z
      .never("masks are not offered by this version; a grant can drop the column")
      .optional()
      .describe("Not offered yet: a column with a mask is refused"),
    bounds: bounds.optional().describe("Public lower and upper bound, declared and never read off the data"),
    categories: z
      .array(z.string().min(1).max(256))
      .min(1)
      .max(1000)
      .refine((list) => new Set(list).size === list.length, "names a category twice")
      .optional()
      .describe("All public values of the column, declared and never read off the data"),
    unit: oneLine(64).optional().describe("Unit of measure, such as mg/dL"),
    nullable: z
      .boolean()
      .optional()
      .describe(
        "Whether it may be empty, instead of what the import found: content with an empty cell where this is false is refused, and noisy answers take a column of which it is not said as one that may be",
      ),
  })
  .meta({ id: "DeclaredColumn", description: "What the owner says of a column" });

const decimal = z
  .string()
  .regex(/^\d{1,64}(\.\d{1,64})?([eE][+-]?\d{1,4})?$/, "must be a non-negative decimal string")
  .describe("A non-negative decimal string, such as 0.5 or 1e-6");

export const signalBits = z.int().min(0).max(1_000_000_000).describe("Bits that jobs may show of themselves");

export const budgetInput = z
  .strictObject({
    rho: decimal.optional(),
    delta: decimal.optional(),
    signal_bits: signalBits.optional(),
    refresh_days: z
      .int()
      .min(1)
      .max(3660)
      .nullable()
      .optional()
      .describe(
        "rho and delta are there anew after so many days, for the dataset and for each grant's share; null ends that; as it was when not said",
      ),
  })
  .meta({ id: "BudgetInput", description: "What all grants of the dataset together may hold" });

const columns = z
  .array(declaredColumn)
  .max(2000)
  .refine((list) => new Set(list.map((c) => c.name)).size === list.length, "names a column twice");

const described = {
  title: oneLine(300).optional().describe("For people"),
  unit_column: columnName
    .nullable()
    .optional()
    .describe("The column that names the protected unit; null states that each row is a unit of its own"),
  max_rows_per_unit: z
    .int()
    .min(1)
    .max(1_000_000)
    .optional()
    .describe("How many rows a unit may have; 1 when not said; checked at each import"),
  open_type: z.enum(OPEN_TYPES).optional().describe("conditional when not said"),
  area: oneLine(200).optional().describe("Field or region that the data are about"),
  update_cycle: oneLine(100).optional().describe("How often new versions come, in words"),
  auditors: z
    .array(principalRef)
    .max(64)
    .optional()
    .describe("Who reviews releases from this dataset; named by its owner only"),
  budget: budgetInput.optional(),
  columns: columns.optional().describe("What the owner says of the columns; the rest is found out at import"),
  disclosure: ownersPolicy
    .nullable()
    .optional()
    .describe(
      "What outputs are held to where it differs from the grade's defaults; figure by figure, null puts all back",
    ),
  synthetic_rows: z
    .int()
    .min(1)
    .max(1_000_000)
    .optional()
    .describe("How many rows the synthetic twin has: a public number, 1000 when not said"),
  answer_ms: z
    .int()
    .min(50)
    .max(600_000)
    .optional()
    .describe(
      "After how many milliseconds an answer to a query is sent, however long it took: a public number, 1000 when not said. Let it be ample: an answer that is late is charged and has to be asked for again",
    ),
};

export const datasetInput = z
  .strictObject({ name: datasetName, ...described })
  .meta({ id: "DatasetInput", description: "A catalogue entry to be made" });

export const datasetPatch = z
  .strictObject({
    ...described,
    undeclare: z
      .array(columnName)
      .max(2000)
      .optional()
      .describe(
        "Columns of which nothing is declared any longer, because the next content does not have them",
      ),
  })
  .meta({
    id: "DatasetPatch",
    description: "What is given replaces what was there; columns are replaced one by one",
  });

export const assessInput = z
  .strictObject({
    columns: z
      .array(
        z.strictObject({
          name: named,
          class: z.enum(COLUMN_CLASSES).optional(),
          grade: grade.optional(),
          reason: oneLine(1000).describe("Why this differs from what was proposed"),
        }),
      )
      .max(2000)
      .optional()
      .describe("Where the owner decides otherwise than proposed"),
    open_type: z.enum(OPEN_TYPES).optional(),
    container_accepted: z
      .boolean()
      .optional()
      .describe("Grade 4: a container will do where the machine offers no stronger isolation"),
    isolation: z
      .enum(ISOLATION_LEVELS)
      .optional()
      .describe("Programs on these data run in at least this isolation, whatever the grade would allow"),
    reason: oneLine(1000)
      .optional()
      .describe("Why, in a sentence; needed to change the open type or to accept a container"),
  })
  .meta({ id: "AssessInput", description: "`{}` accepts what the assessment proposes" });

export const columnView = z
  .strictObject({
    name: z.string(),
    type: z.enum(COLUMN_TYPES),
    class: z.enum(COLUMN_CLASSES),
    grade,
    bounds: z.tuple([z.string(), z.string()]).optional(),
    categories: z.array(z.string()).optional(),
    unit: z.string().optional(),
    nullable: z.boolean().describe("May be empty"),
  })
  .meta({ id: "Column", description: "A column as the catalogue shows it" });

export const assessmentView = z
  .strictObject({
    columns: z.array(
      z.strictObject({
        ...columnView.shape,
        proposed_class: z.enum(COLUMN_CLASSES),
        proposed_grade: grade,
        because: z.string().describe("What the proposal stands on"),
        reason: z.string().optional().describe("Why the owner decided otherwise"),
      }),
    ),
    grade,
    open_type: z.enum(OPEN_TYPES),
    container_accepted: z.boolean(),
    isolation: z.enum(ISOLATION_LEVELS).optional(),
    reason: z.string().optional(),
    risks: z.array(z.strictObject({ risk: z.string(), message: z.string(), columns: z.array(z.string()) })),
    current: z.boolean().describe("False when the entry has changed since; publishing then needs another"),
    accepted_by: z.string(),
    at: z.iso.datetime(),
  })
  .meta({ id: "Assessment", description: "The recorded risk assessment" });

export const versionView = z
  .strictObject({
    version: z.string().describe("ver_…"),
    seq: z.int().describe("1, 2, …"),
    sha256: z.string().describe("Hex, of the content as it was sent"),
    rows: z.int(),
    units: z.int(),
    columns: z.array(columnView),
    created_at: z.iso.datetime(),
  })
  .meta({ id: "Version", description: "An immutable, content-addressed state of a dataset's content" });

export const contentInfo = z
  .strictObject({
    ...versionView.shape,
    file: fileReading.describe(
      "How the content was read: what was declared, and what was found out and by what",
    ),
    evidence: z
      .array(columnEvidence)
      .describe("Why each column got its type; for the owner, as counts come from data"),
  })
  .meta({ id: "ContentInfo", description: "The version that the content became" });

export const datasetView = z
  .strictObject({
    id: z.string().describe("dst_…"),
    name: z.string(),
    title: z.string().optional(),
    owner: z.string().describe("Name of the owner"),
    state: z.enum(DATASET_STATES),
    grade,
    open_type: z.enum(OPEN_TYPES),
    area: z.string().optional(),
    update_cycle: z.string().optional(),
    unit_column: z.string().nullable().optional().describe("null: each row is a unit; absent: not said yet"),
    max_rows_per_unit: z.int(),
    synthetic_rows: z.int(),
    answer_ms: z.int(),
    columns: z.array(columnView).describe("Empty before the first version"),
    disclosure: policyView.describe("What outputs are held to: the grade's defaults, or the owner's figures"),
    created_at: z.iso.datetime(),
    rev: z.int().describe("Counts changes; the ETag is this in quotes"),
    auditors: z.array(z.string()).optional().describe("Names; owner and auditors only"),
    budget: budgetInput.optional().describe("Owner and auditors only"),
    assessment: assessmentView.optional().describe("Owner and auditors only"),
    current_version: z.string().optional().describe("Owner and auditors only"),
    versions: z.array(versionView).optional().describe("Newest first, at most 50; owner and auditors only"),
  })
  .meta({ id: "Dataset", description: "A catalogue entry; never a value from data" });

export type DatasetState = (typeof DATASET_STATES)[number];
export type DeclaredColumn = z.output<typeof declaredColumn>;
export type DatasetInput = z.input<typeof datasetInput>;
export type DatasetPatch = z.input<typeof datasetPatch>;
export type AssessInput = z.input<typeof assessInput>;
export type ColumnView = z.output<typeof columnView>;
export type AssessmentView = z.output<typeof assessmentView>;
export type VersionInfo = z.output<typeof versionView>;
export type ContentInfo = z.output<typeof contentInfo>;
export type DatasetView = z.output<typeof datasetView>;
