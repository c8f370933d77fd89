/**
 * A synthetic twin: CSV rows made from the schema and the declared bounds and categories, and nothing else.
 *
 * Rules: this file is given no data and imports nothing that could read any; columns are independent; the same
 * input and seed give the same bytes. Where nothing is declared, DEFAULTS says what is made up.
 */
import { Readable } from "node:stream";
import { z } from "zod";
import { invalidInput, parseInput } from "../../vocabulary/index.js";
import { csvField } from "./csv.js";
import {
  type ColumnSchema,
  columnName,
  columnSchema,
  ENGINE_LIMITS,
  type TwinInput,
  viewSpec,
} from "./model.js";
import { Seeded } from "./seeded.js";

/** What a column holds where its owner declared no bounds or categories. */
export const DEFAULTS = {
  integer: ["0", "100"],
  decimal: ["0", "100"],
  date: ["2000-01-01", "2020-12-31"],
  timestamp: ["2000-01-01 00:00:00", "2020-12-31 23:59:59"],
  /** Texts are `A`, `B` … */
  texts: 8,
  /** Share of empty cells in a column that may have them. */
  nulls: 0.05,
  /** Digits after the point, where the bounds show fewer. */
  decimals: 2,
} as const;

const twinInput = z.object({
  columns: z.array(columnSchema).min(1).max(ENGINE_LIMITS.columns),
  rows: z.int().nonnegative().max(ENGINE_LIMITS.twin_rows),
  seed: z.string().min(1),
  spec: viewSpec.optional(),
  unitColumn: columnName.optional(),
  maxRowsPerUnit: z.int().positive().optional(),
});

type Cell = (random: Seeded, row: number) => string;

const pad = (n: number): string => String(n).padStart(6, "0");
const DAY = 86_400_000;

function numberBounds(column: ColumnSchema, [low, high]: readonly [string, string]): [number, number] {
  const bounds: [number, number] = [Number(low), Number(high)];
  if (!bounds.every(Number.isFinite) || bounds[0] > bounds[1])
    throw invalidInput(column.name, "bounds are no range");
  return bounds;
}

const decimalsOf = (text: string): number => /\.(\d+)$/.exec(text)?.[1]?.length ?? 0;

/** Midnight UTC of a day, or that second, as milliseconds. */
function timeBounds(column: ColumnSchema, [low, high]: readonly [string, string]): [number, number] {
  const parse = (text: string) =>
    Date.parse(`${text.replace(" ", "T")}${text.length > 10 ? "Z" : "T00:00:00Z"}`);
  const bounds: [number, number] = [parse(low), parse(high)];
  if (!bounds.every(Number.isFinite) || bounds[0] > bounds[1])
    throw invalidInput(column.name, "bounds are no range");
  return bounds;
}

const MAKERS: Record<ColumnSchema["type"], (column: ColumnSchema) => Cell> = {
  boolean: () => (random) => (random.chance(0.5) ? "true" : "false"),
  integer: (column) => {
    const [low, high] = numberBounds(column, column.bounds ?? DEFAULTS.integer);
    const from = Math.ceil(low);
    const width = Math.max(1, Math.floor(high) - from + 1);
    return (random) => String(from + random.below(width));
  },
  decimal: (column) => {
    const texts = column.bounds ?? DEFAULTS.decimal;
    const [low, high] = numberBounds(column, texts);
    const decimals = Math.min(15, Math.max(DEFAULTS.decimals, ...texts.map(decimalsOf)));
    return (random) => {
      const value = Number((low + random.fraction() * (high - low)).toFixed(decimals));
      return String(Math.min(high, Math.max(low, value)));
    };
  },
  date: (column) => {
    const [low, high] = timeBounds(column, column.bounds ?? DEFAULTS.date);
    const days = Math.floor((high - low) / DAY) + 1;
    return (random) => new Date(low + random.below(days) * DAY).toISOString().slice(0, 10);
  },
  timestamp: (column) => {
    const [low, high] = timeBounds(column, column.bounds ?? DEFAULTS.timestamp);
    const seconds = Math.floor((high - low) / 1000) + 1;
    return (random) =>
      new Date(low + random.below(seconds) * 1000).toISOString().slice(0, 19).replace("T", " ");
  },
  text: () => (random) => String.fromCharCode(65 + random.below(DEFAULTS.texts)),
};

/** Ids look like none of the data's: the schema does not tell what those look like. */
function identifierCell(column: ColumnSchema, rowsPerUnit: number): Cell {
  const ordinal = (row: number) => Math.floor(row / rowsPerUnit);
  switch (column.type) {
    case "integer":
      return (_, row) => String(ordinal(row) + 1);
    case "decimal":
      return (_, row) => `${ordinal(row) + 1}.5`;
    case "text":
      return (_, row) => `SYN${pad(ordinal(row) + 1)}`;
    default:
      return MAKERS[column.type](column);
  }
}

function cellOf(column: ColumnSchema, input: TwinInput): Cell {
  if (column.name === input.unitColumn) return identifierCell(column, input.maxRowsPerUnit ?? 1);
  const { categories } = column;
  const make: Cell = categories
    ? (random) => categories[random.below(categories.length)]!
    : column.class === "identifier"
      ? identifierCell(column, 1)
      : MAKERS[column.type](column);
  if (!column.nullable) return make;
  return (random, row) => (random.chance(DEFAULTS.nulls) ? "" : make(random, row));
}

/** Which columns the View shows. Masks change values, and there are none here to protect. */
function shownColumns(input: TwinInput): ColumnSchema[] {
  if (!input.spec) return input.columns;
  const dropped = new Set(input.spec.columns.filter((c) => c.treatment === "drop").map((c) => c.name));
  return input.columns.filter(({ name }) => !dropped.has(name));
}

const BATCH = 1000;

function* csv(input: TwinInput): Generator<string> {
  const shown = shownColumns(input);
  const header = shown.map(({ name }) => csvField(name));
  yield `${header.join(",")}\n`;
  // One stream a column, so that dropping one leaves the others as they are.
  const cells = shown.map((column) => ({
    make: cellOf(column, input),
    random: new Seeded(JSON.stringify([input.seed, column.name])),
  }));
  const only = cells.length === 1;
  for (let row = 0; row < input.rows; ) {
    const lines: string[] = [];
    for (const end = Math.min(input.rows, row + BATCH); row < end; row++) {
      const fields = cells.map(({ make, random }) => csvField(make(random, row)));
      lines.push(only && fields[0] === "" ? '""' : fields.join(","));
    }
    yield `${lines.join("\n")}\n`;
  }
}

/** @throws invalid_input where the schema or its bounds make no sense. */
export function twin(input: TwinInput): Readable {
  parseInput(twinInput, input);
  // Declarations that cannot be met are found before the first byte.
  for (const column of shownColumns(input)) cellOf(column, input);
  return Readable.from(csv(input), { objectMode: false });
}
