/**
 * The rows of a model, read into typed arrays, and what the privacy room computes from them. Rows go no further than this
 * process: what leaves it are facts.
 *
 * Rules: the rows are counted before they are read, and refused where they would take more memory than a model may have;
 * they come in the version's order, so the same question of the same version gives the same bits.
 */
import { type DuckDBValue, StatementType } from "@duckdb/node-api";
import type { LevelsRead, ModelPlan, ReadRows } from "../../../privacy/index.js";
import { GloveboxError, invalidInput } from "../../../vocabulary/index.js";
import type { FitRequest } from "../protocol.js";
import type { Duck } from "./duck.js";

/** Loaded with the first model: other requests need nothing of it. */
const models = () => import("../../../privacy/index.js");

type Facts = { [key: string]: unknown };

export async function fitRows(duck: Duck, request: FitRequest): Promise<Facts> {
  const { MODEL_LIMITS, computeModel, modelPlan } = await models();
  const plan: ModelPlan = modelPlan.parse(request.plan);
  const rows = await countOf(duck, request);
  const bytes = rows * (4 + request.reads.reduce((sum, read) => sum + (read === "number" ? 8 : 4), 0));
  if (bytes > MODEL_LIMITS.bytes)
    throw new GloveboxError("too_large", {
      detail: `model: its rows take more than ${MODEL_LIMITS.bytes} bytes`,
    });
  return computeModel(plan, await read(duck, request, rows, MODEL_LIMITS.levels)) as unknown as Facts;
}

async function countOf({ connection }: Duck, { sql, parameters }: FitRequest): Promise<number> {
  const reader = await connection.runAndReadAll(
    `SELECT count(*)::INTEGER FROM (${sql})`,
    parameters as DuckDBValue[],
  );
  return Number(reader.getRows()[0]?.[0]);
}

async function read(
  { connection }: Duck,
  request: FitRequest,
  rows: number,
  most: number,
): Promise<ReadRows> {
  const statement = await connection.prepare(request.sql);
  try {
    if (statement.statementType !== StatementType.SELECT) throw invalidInput("sql", "is not one SELECT");
    statement.bind(request.parameters as DuckDBValue[]);
    const result = await statement.stream();
    const units = new Float64Array(rows);
    const columns = request.reads.map((as) =>
      as === "number" ? new Float64Array(rows) : { codes: new Int32Array(rows), keys: new Keys(most) },
    );
    let at = 0;
    for (
      let chunk = await result.fetchChunk();
      chunk && chunk.rowCount > 0;
      chunk = await result.fetchChunk()
    ) {
      const count = chunk.rowCount;
      if (at + count > rows) throw new Error("engine: more rows than were counted");
      const ordinals = chunk.getColumnVector(0);
      for (let i = 0; i < count; i++) units[at + i] = Number(ordinals.getItem(i));
      columns.forEach((column, c) => {
        const values = chunk.getColumnVector(c + 1);
        if (column instanceof Float64Array)
          for (let i = 0; i < count; i++) column[at + i] = values.getItem(i) as number;
        else for (let i = 0; i < count; i++) column.codes[at + i] = column.keys.codeOf(values.getItem(i));
      });
      at += count;
    }
    if (at !== rows) throw new Error("engine: fewer rows than were counted");
    return {
      rows,
      units,
      columns: columns.map((c) => (c instanceof Float64Array ? c : { codes: c.codes, keys: c.keys.list })),
    };
  } finally {
    statement.destroySync();
  }
}

/** Levels in the order of their first row; beyond the most that a model may have, all others are one. */
class Keys {
  readonly list: LevelsRead["keys"] = [];
  private readonly codes = new Map<unknown, number>();

  constructor(private readonly most: number) {}

  codeOf(value: unknown): number {
    const known = this.codes.get(value);
    if (known !== undefined) return known;
    // One more than may be, by which the model says that they are too many.
    if (this.list.length > this.most) return this.most;
    this.codes.set(value, this.list.length);
    return this.list.push(value === null ? null : String(value)) - 1;
  }
}
