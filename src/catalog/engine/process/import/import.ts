/**
 * Content in, version out: read into records, find the types, check what was declared, number the units, write Parquet.
 * Every refusal names a line or a column and never a value.
 */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { DEFAULT_GRADE, invalidInput } from "../../../../vocabulary/index.js";
import { type ColumnSchema, type DeclaredColumn, UNIT_COLUMN } from "../../model.js";
import type { ImportRequest } from "../../protocol.js";
import { Duck, literal, stored } from "../duck.js";
import { describeVersion, nullCounts, type VersionDescription, writeParquet } from "../parquet.js";
import { type Inputs, type Outcome, saveInput, type Workplace } from "../workplace.js";
import { assertDeclared, type Typed } from "./declared.js";
import { type Column, evidenceOf, expectColumns, reconsider, type Source } from "./infer.js";
import { readContent } from "./read.js";
import { valueSql } from "./readings.js";
import { numberUnits } from "./units.js";

function declaredByName(declared: DeclaredColumn[], header: string[]): Map<string, DeclaredColumn> {
  const byName = new Map<string, DeclaredColumn>();
  for (const column of declared) {
    if (byName.has(column.name)) throw invalidInput(column.name, "is declared twice");
    if (!header.includes(column.name)) throw invalidInput(column.name, "is declared and not in the file");
    byName.set(column.name, column);
  }
  return byName;
}

/** Class and grade are the owner's to say; until then a unit column is an identifier and the rest is plain. */
function schemaOf(
  { name, type }: Column,
  nulls: number,
  declared: DeclaredColumn | undefined,
  unitColumn?: string,
): ColumnSchema {
  return {
    ...declared,
    name,
    type,
    class: declared?.class ?? (name === unitColumn ? "identifier" : "plain"),
    grade: declared?.grade ?? DEFAULT_GRADE,
    nullable: nulls > 0,
  };
}

interface Plan {
  work: Workplace;
  duck: Duck;
  source: Source;
  columns: Column[];
  declared: Map<string, DeclaredColumn>;
  request: ImportRequest;
  /** Parquet of the unit index so far. */
  known: string | undefined;
}

const about = (columns: Column[]): VersionDescription => ({
  format: 1,
  columns: columns.map(({ name, type }) => ({ name, type })),
});

/** The columns whose texts are known to be whole numbers, and are wanted as such: DuckDB reads them directly. */
const wholeColumns = ({ source, columns }: Plan): Set<number> =>
  new Set(
    columns
      .map((column, i) => (column.type === "integer" && !column.reading && source.column(i).whole ? i : -1))
      .filter((i) => i >= 0),
  );

function valuesSql(plan: Plan): string {
  const whole = wholeColumns(plan);
  const values = plan.columns.map((column, i) => {
    const c = stored(i);
    if (column.native || whole.has(i)) return c;
    // Made of digits and points only, it is a number or nothing.
    const plain = column.type === "decimal" && !column.reading && plan.source.column(i).numeric;
    return `${plain ? `try_cast(${c} AS DOUBLE)` : valueSql(column, c)} AS ${c}`;
  });
  return `SELECT ${values.join(", ")}, rn AS ${UNIT_COLUMN} FROM ${plan.source.table(whole)}`;
}

/**
 * The records with their types. Each row's number stands where its unit's ordinal goes: where every row is a unit
 * of its own and none was known before, the two are the same and this is the version. @returns each column's nulls.
 */
async function writeTyped(plan: Plan, path: string): Promise<number[]> {
  await writeParquet(plan.duck, valuesSql(plan), path, about(plan.columns));
  const nulls = await nullCounts(plan.duck, path, plan.columns.length);
  if (!(await reconsider(plan.source, plan.columns, nulls))) return nulls;
  await rm(path);
  await writeParquet(plan.duck, valuesSql(plan), path, about(plan.columns));
  return nullCounts(plan.duck, path, plan.columns.length);
}

/** The typed rows again, each with its unit's ordinal. */
async function writeNumbered(plan: Plan, typed: Typed, unitOf: string): Promise<string> {
  const path = join(plan.work.folder, "numbered.parquet");
  const columns = plan.columns.map((_, i) => stored(i)).join(", ");
  const select = `SELECT ${columns}, ordinal AS ${UNIT_COLUMN} FROM ${typed.table} AS typed
    JOIN ordinals ON ordinals.unit = ${unitOf} ORDER BY rn`;
  await writeParquet(plan.duck, select, path, about(plan.columns));
  return path;
}

interface Written {
  units: number;
  version: string;
  unitIndex: string;
  nulls: number[];
}

async function writeVersion(plan: Plan): Promise<Written> {
  const { duck, request, source } = plan;
  const path = join(plan.work.folder, "typed.parquet");
  const nulls = await writeTyped(plan, path);
  const table = `(SELECT * RENAME (${UNIT_COLUMN} AS rn) FROM read_parquet(${literal(path)}))`;
  const typed: Typed = { duck, path, table, columns: plan.columns, lines: source.lines };
  await assertDeclared(typed, plan.declared);
  const index = request.unit_column === undefined ? -1 : source.header.indexOf(request.unit_column);
  const numbered = await numberUnits({
    duck,
    table,
    rows: source.rows,
    column: index < 0 ? undefined : { index, ...plan.columns[index]! },
    maxRows: request.max_rows_per_unit,
    lines: source.lines,
    before: plan.known,
    path: join(plan.work.folder, "units.parquet"),
  });
  const version = numbered.unitOf === undefined ? path : await writeNumbered(plan, typed, numbered.unitOf);
  return { units: numbered.units, version, unitIndex: numbered.path, nulls };
}

async function planImport(work: Workplace, request: ImportRequest, inputs: Inputs): Promise<Plan> {
  const known = request.inputs[0] === "unit_index" ? join(work.folder, "known.parquet") : undefined;
  if (known) await saveInput(inputs.next(), known);
  const duck = await Duck.open(work);
  try {
    const tabular = await readContent({ source: inputs.next(), folder: work.folder, duck, request });
    const { header } = tabular;
    if (request.unit_column !== undefined && !header.includes(request.unit_column))
      throw invalidInput(request.unit_column, "is named as the unit column and not in the file");
    const declared = declaredByName(request.declared, header);
    return { work, duck, source: { ...tabular, duck }, columns: [], declared, request, known };
  } catch (error) {
    duck.close();
    throw error;
  }
}

export async function importContent(
  work: Workplace,
  request: ImportRequest,
  inputs: Inputs,
): Promise<Outcome<"import">> {
  const plan = await planImport(work, request, inputs);
  const { source, duck, declared } = plan;
  try {
    plan.columns = await expectColumns(source, declared);
    const { units, version, unitIndex, nulls } = await writeVersion(plan);
    const { rows } = await describeVersion(duck, version);
    if (rows !== source.rows) throw new Error("engine: rows were lost between the file and the version");
    const columns = plan.columns.map((column, i) =>
      schemaOf(column, nulls[i]!, declared.get(column.name), request.unit_column),
    );
    const evidence = plan.columns.map((column, i) => evidenceOf(source, column, nulls[i]!));
    return {
      result: { columns, evidence, file: source.file, rows, units },
      outputs: [[version], [unitIndex]],
    };
  } finally {
    duck.close();
  }
}
