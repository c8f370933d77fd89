/**
 * Content in, version out: read into records, find the types, check what was declared, number the units, write Parquet.
 * Every refusal names a line or a column and never a value.
 */
import { join } from "node:path";
import { DEFAULT_GRADE } from "../../../../vocabulary/index.js";
import { type ColumnSchema, type DeclaredColumn, UNIT_COLUMN } from "../../model.js";
import type { ImportRequest } from "../../protocol.js";
import { Duck, literal, stored } from "../duck.js";
import { describeVersion, writeParquet } from "../parquet.js";
import { type Inputs, type Outcome, saveInput, type Workplace } from "../workplace.js";
import { assertDeclared, type Typed } from "./declared.js";
import { type Column, evidenceOf } from "./infer.js";
import type { Bytes } from "./pieces.js";
import { readContent } from "./read.js";
import { CANONICAL_TYPES } from "./types.js";
import { about, type TypedRows, Typing } from "./typing.js";
import { numberUnits } from "./units.js";

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
  request: ImportRequest;
  /** Parquet of the unit index so far. */
  known: string | undefined;
}

/** The typed rows again, each with its unit's ordinal. */
async function writeNumbered({ work, duck }: Plan, typed: Typed, unitOf: string): Promise<string> {
  const path = join(work.folder, "numbered.parquet");
  const columns = typed.columns.map((_, i) => stored(i)).join(", ");
  const select = `SELECT ${columns}, ordinal AS ${UNIT_COLUMN} FROM ${typed.table} AS typed
    JOIN ordinals ON ordinals.unit = ${unitOf} ORDER BY rn`;
  await writeParquet(duck, select, path, about(typed.columns));
  return path;
}

/** Texts that rise all differ, and so do their values where a value has one text only. */
function unitColumn({ source, columns, nulls }: TypedRows, index: number) {
  const { name, type, reading } = columns[index]!;
  const oneText = CANONICAL_TYPES.includes(type) && reading === undefined;
  return {
    index,
    name,
    type,
    nulls: nulls[index]!,
    distinct: oneText && source.column(index).rising === true,
  };
}

interface Written {
  units: number;
  version: string;
  unitIndex: string;
}

async function writeVersion(plan: Plan, rows: TypedRows): Promise<Written> {
  const { duck, request } = plan;
  const { source, columns, path } = rows;
  const table = `(SELECT * RENAME (${UNIT_COLUMN} AS rn) FROM read_parquet(${literal(path)}))`;
  const typed: Typed = { duck, path, table, columns, lines: source.lines, nulls: rows.nulls };
  await assertDeclared(typed, rows.declared);
  const index = request.unit_column === undefined ? -1 : source.header.indexOf(request.unit_column);
  const numbered = await numberUnits({
    duck,
    table,
    rows: source.rows,
    column: index < 0 ? undefined : unitColumn(rows, index),
    maxRows: request.max_rows_per_unit,
    lines: source.lines,
    before: plan.known,
    path: join(plan.work.folder, "units.parquet"),
  });
  const version = numbered.unitOf === undefined ? path : await writeNumbered(plan, typed, numbered.unitOf);
  return { units: numbered.units, version, unitIndex: numbered.path };
}

/** The content as typed rows. Where it is refused nothing works on it any more. */
async function readTyped({ work, duck, request }: Plan, source: Bytes): Promise<TypedRows> {
  const typing = new Typing(work.folder, duck, request);
  try {
    const follow = typing.follow.bind(typing);
    return await typing.finish(await readContent({ source, folder: work.folder, duck, request, follow }));
  } catch (error) {
    await typing.giveUp();
    throw error;
  }
}

async function imported(plan: Plan, source: Bytes): Promise<Outcome<"import">> {
  const { duck, request } = plan;
  const typed = await readTyped(plan, source);
  const { units, version, unitIndex } = await writeVersion(plan, typed);
  const { rows } = await describeVersion(duck, version);
  if (rows !== typed.source.rows) throw new Error("engine: rows were lost between the file and the version");
  const columns = typed.columns.map((column, i) =>
    schemaOf(column, typed.nulls[i]!, typed.declared.get(column.name), request.unit_column),
  );
  const evidence = typed.columns.map((column, i) => evidenceOf(typed.source, column, typed.nulls[i]!));
  return {
    result: { columns, evidence, file: typed.source.file, rows, units },
    outputs: [[version], [unitIndex]],
  };
}

export async function importContent(
  work: Workplace,
  request: ImportRequest,
  inputs: Inputs,
): Promise<Outcome<"import">> {
  const known = request.inputs[0] === "unit_index" ? join(work.folder, "known.parquet") : undefined;
  if (known) await saveInput(inputs.next(), known);
  const duck = await Duck.open(work);
  try {
    return await imported({ work, duck, request, known }, inputs.next());
  } finally {
    duck.close();
  }
}
