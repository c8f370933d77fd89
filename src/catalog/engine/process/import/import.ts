/**
 * CSV in, version out: normalise, infer over all rows, check what was declared, number the units, write Parquet.
 * Every refusal names a line or a column and never a value.
 */
import { join } from "node:path";
import { DEFAULT_GRADE, invalidInput } from "../../../../vocabulary/index.js";
import { type ColumnSchema, type DeclaredColumn, ENGINE_LIMITS, UNIT_COLUMN } from "../../model.js";
import type { ImportRequest } from "../../protocol.js";
import { Duck, literal, stored } from "../duck.js";
import { describeVersion, type VersionDescription, writeParquet } from "../parquet.js";
import { type Inputs, type Outcome, saveInput, type Workplace } from "../workplace.js";
import { assertDeclared, type Typed } from "./declared.js";
import { inferTypes, type Source, type TypedColumn } from "./infer.js";
import { type Normalised, normalise } from "./normalise.js";
import { ruleOf } from "./types.js";
import { emptyUnitIndexSql, makeOrdinals, unitIndexSql, unitText } from "./units.js";

function recordsSql(csv: string, { header, delimiter }: Normalised): string {
  const columns = ["'rn': 'BIGINT'", ...header.map((_, i) => `'${stored(i)}': 'VARCHAR'`)];
  return `read_csv(${literal(csv)}, auto_detect = false, header = false, strict_mode = true, delim = ${literal(delimiter)},
    quote = '"', escape = '"', new_line = '\\n', nullstr = ['', 'NA'], encoding = 'utf-8', max_line_size = ${MAX_LINE},
    columns = {${columns.join(", ")}})`;
}
const MAX_LINE = ENGINE_LIMITS.line_bytes + 64 * 1024;

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
  column: TypedColumn,
  declared: DeclaredColumn | undefined,
  unitColumn?: string,
): ColumnSchema {
  const { name, type, evidence } = column;
  return {
    ...declared,
    name,
    type,
    class: declared?.class ?? (name === unitColumn ? "identifier" : "plain"),
    grade: declared?.grade ?? DEFAULT_GRADE,
    nullable: evidence.nulls > 0,
  };
}

interface Plan {
  work: Workplace;
  duck: Duck;
  source: Source;
  columns: TypedColumn[];
  declared: Map<string, DeclaredColumn>;
  request: ImportRequest;
  /** Parquet of the unit index so far. */
  known: string | undefined;
}

const about = (columns: TypedColumn[]): VersionDescription => ({
  format: 1,
  columns: columns.map(({ name, type }) => ({ name, type })),
});

/**
 * The records with their types. Each row's number stands where its unit's ordinal goes: where every row is a unit
 * of its own and none was known before, the two are the same and this is the version.
 */
async function writeTyped(plan: Plan): Promise<Typed> {
  const path = join(plan.work.folder, "typed.parquet");
  const values = plan.columns.map(({ type }, i) => `${ruleOf(type).value(stored(i))} AS ${stored(i)}`);
  const select = `SELECT ${values.join(", ")}, rn AS ${UNIT_COLUMN} FROM ${plan.source.table}`;
  await writeParquet(plan.duck, select, path, about(plan.columns));
  const table = `(SELECT * RENAME (${UNIT_COLUMN} AS rn) FROM read_parquet(${literal(path)}))`;
  return { duck: plan.duck, path, table, columns: plan.columns, lines: plan.source.lines };
}

/** The typed rows again, each with its unit's ordinal. */
async function writeNumbered(plan: Plan, typed: Typed, unitIndex: number): Promise<string> {
  const path = join(plan.work.folder, "numbered.parquet");
  const columns = plan.columns.map((_, i) => stored(i)).join(", ");
  const select = `SELECT ${columns}, ordinal AS ${UNIT_COLUMN} FROM ${typed.table} AS typed
    JOIN ordinals ON ordinals.unit = ${unitText(unitIndex)} ORDER BY rn`;
  await writeParquet(plan.duck, select, path, about(plan.columns));
  return path;
}

interface Written {
  units: number;
  version: string;
  unitIndex: string;
}

async function writeVersion(plan: Plan): Promise<Written> {
  const { duck, request, source } = plan;
  const typed = await writeTyped(plan);
  await assertDeclared(typed, plan.declared);
  const unitIndex = join(plan.work.folder, "units.parquet");
  const index = request.unit_column === undefined ? -1 : source.header.indexOf(request.unit_column);
  if (index < 0) {
    await writeParquet(duck, emptyUnitIndexSql, unitIndex);
    return { units: source.rows, version: typed.path, unitIndex };
  }
  const units = await makeOrdinals({
    duck,
    table: typed.table,
    column: { index, ...plan.columns[index]! },
    maxRows: request.max_rows_per_unit,
    lines: source.lines,
    before: plan.known,
  });
  await writeParquet(duck, unitIndexSql, unitIndex);
  const asNumbered = plan.known === undefined && units === source.rows;
  return { units, version: asNumbered ? typed.path : await writeNumbered(plan, typed, index), unitIndex };
}

async function planImport(
  work: Workplace,
  request: ImportRequest,
  inputs: Inputs,
): Promise<[Plan, Normalised]> {
  const known = request.inputs[0] === "unit_index" ? join(work.folder, "known.parquet") : undefined;
  if (known) await saveInput(inputs.next(), known);
  const csv = join(work.folder, "records.csv");
  const normal = await normalise(inputs.next(), csv, request.max_bytes);
  const { header, lines, records } = normal;
  if (request.unit_column !== undefined && !header.includes(request.unit_column))
    throw invalidInput(request.unit_column, "is named as the unit column and not in the file");
  const declared = declaredByName(request.declared, header);
  const duck = await Duck.open(work);
  const source = { duck, table: recordsSql(csv, normal), header, rows: records, lines };
  return [{ work, duck, source, columns: [], declared, request, known }, normal];
}

export async function importCsv(
  work: Workplace,
  request: ImportRequest,
  inputs: Inputs,
): Promise<Outcome<"import">> {
  const [plan, { delimiter }] = await planImport(work, request, inputs);
  try {
    plan.columns = await inferTypes(plan.source, plan.declared);
    const { units, version, unitIndex } = await writeVersion(plan);
    const { rows } = await describeVersion(plan.duck, version);
    if (rows !== plan.source.rows) throw new Error("engine: rows were lost between the file and the version");
    const columns = plan.columns.map((c) => schemaOf(c, plan.declared.get(c.name), request.unit_column));
    const evidence = plan.columns.map((column) => column.evidence);
    return { result: { columns, evidence, delimiter, rows, units }, outputs: [[version], [unitIndex]] };
  } finally {
    plan.duck.close();
  }
}
