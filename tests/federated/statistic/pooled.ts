/**
 * Statistics over domains without the cryptography between: each domain's question is answered by a DuckDB of its own, its
 * numbers go through slots as they would be encrypted, and the sums are what the recipients combine.
 */
import { DuckDBInstance } from "@duckdb/node-api";
import type { CollaborationSpec } from "../../../src/federated/collaborations/spec.js";
import { spokenColumns } from "../../../src/federated/collaborations/spec.js";
import {
  questionFromWritten,
  type SharedQuestion,
  writtenQuestion,
} from "../../../src/federated/statistic/asked.js";
import {
  type Asked,
  type SharedStatistic,
  sharedStatistic,
} from "../../../src/federated/statistic/shared.js";
import { type Canonical, fromSlots, toSlots } from "../../../src/privacy/index.js";

/** As BFV's plaintext modulus is: 45 bits. */
export const T = (1n << 45n) - 229_375n;

const SQL_TYPES: Record<string, string> = {
  boolean: "BOOLEAN",
  integer: "BIGINT",
  decimal: "DOUBLE",
  text: "VARCHAR",
  date: "DATE",
  timestamp: "TIMESTAMP",
};

type Cell = string | number | null;

/** One domain's rows, by the spec's columns; `unit` names which unit each row is of. */
export interface DomainRows {
  rows: readonly (readonly Cell[])[];
  units?: readonly number[];
}

export const specOf = (
  columns: CollaborationSpec["columns"],
  more: Partial<CollaborationSpec> = {},
): CollaborationSpec => ({
  version: 1,
  name: "pooled",
  purpose: "what the pooled rows say",
  coordinator: "c",
  participants: ["a", "b", "c"].map((name) => ({ name, key: name })),
  recipients: ["a"],
  columns,
  max_rows: 100_000,
  threshold: 10,
  max_rounds: 100,
  expires_at: "2099-01-01T00:00:00Z",
  ...more,
});

export const written = (spec: CollaborationSpec, question: object): SharedQuestion =>
  questionFromWritten(writtenQuestion.parse(question), spec);

export interface Found {
  canonical: Canonical;
  steps: number;
}

export class Domains {
  private constructor(
    private readonly spec: CollaborationSpec,
    private readonly connections: Awaited<ReturnType<DuckDBInstance["connect"]>>[],
    private readonly instances: DuckDBInstance[],
  ) {}

  static async open(spec: CollaborationSpec, domains: readonly DomainRows[]): Promise<Domains> {
    const opened = await Promise.all(domains.map((domain) => connectionOf(spec, domain)));
    return new Domains(
      spec,
      opened.map((o) => o.connection),
      opened.map((o) => o.instance),
    );
  }

  /** The same rows under another spec of the same columns. */
  under(spec: CollaborationSpec): Domains {
    return new Domains(spec, this.connections, this.instances);
  }

  close(): void {
    for (const connection of this.connections) connection.closeSync();
    for (const instance of this.instances) instance.closeSync();
  }

  /** Each domain's own numbers for what is asked. */
  async contributions(asked: Asked): Promise<bigint[][]> {
    return this.answers(sharedStatistic(this.spec, asked, T), "salt");
  }

  /** @param salt of every domain */
  async answers(statistic: SharedStatistic, salt: string): Promise<bigint[][]> {
    const { spec } = this;
    const columns = spokenColumns(spec);
    const stored = new Map(spec.columns.map(({ name }, i) => [name, `c${i}`]));
    const all: bigint[][] = [];
    for (const connection of this.connections) {
      const { sql, parameters } = statistic.question(columns, stored, salt);
      const reader = await connection.runAndReadAll(sql, parameters);
      const rows = reader.getRowsJson() as Cell[][];
      if (rows.length > statistic.maxRows) throw new RangeError(`more than ${statistic.maxRows} rows`);
      all.push(statistic.contribution(rows));
    }
    return all;
  }

  /** All steps, until there is a result. */
  async ask(claim: object): Promise<Found> {
    const statistic = written(this.spec, claim);
    let step: Asked["step"];
    for (let number = 1; ; number++) {
      const asked: Asked = { statistic, ...(step === undefined ? {} : { step }) };
      const shared = sharedStatistic(this.spec, asked, T);
      const given = await this.contributions(asked);
      const slots = given.map((numbers) => toSlots(numbers, shared.slots));
      const sums = slots.reduce((a, b) => a.map((x, i) => x + b[i]!));
      if (sums.some((x) => x >= T / 2n || x <= -T / 2n)) throw new RangeError("a slot has run over");
      const outcome = shared.outcome(fromSlots(sums, shared.slots));
      if (outcome.kind === "result") return { canonical: outcome.canonical, steps: number };
      step = { of: 1, number: number + 1, state: JSON.parse(JSON.stringify(outcome.state)) };
    }
  }
}

async function connectionOf({ columns }: CollaborationSpec, { rows, units }: DomainRows) {
  const instance = await DuckDBInstance.create(":memory:", { threads: "1" });
  const connection = await instance.connect();
  const types = columns.map(({ type }, i) => `c${i} ${SQL_TYPES[type]}`);
  await connection.run(
    `CREATE TABLE given (__unit BIGINT, ${columns.map((_, i) => `c${i} VARCHAR`).join(", ")})`,
  );
  const appender = await connection.createAppender("given");
  rows.forEach((row, r) => {
    appender.appendBigInt(BigInt(units?.[r] ?? r));
    for (const cell of row) {
      if (cell === null) appender.appendNull();
      else appender.appendVarchar(String(cell));
    }
    appender.endRow();
  });
  appender.closeSync();
  await connection.run(`CREATE TABLE data (__unit BIGINT, ${types.join(", ")})`);
  const casts = columns.map(({ type }, i) => `CAST(c${i} AS ${SQL_TYPES[type]})`);
  await connection.run(`INSERT INTO data SELECT __unit, ${casts.join(", ")} FROM given`);
  return { instance, connection };
}

/** Columns of a CSV whose cells hold no commas, split into parts where told; empty and NA are missing. */
export function partsOf(csv: string, names: readonly string[], cuts: readonly number[]): DomainRows[] {
  const lines = csv.trimEnd().replaceAll('"', "").split("\n");
  const header = lines[0]!.split(",");
  const places = names.map((name) => header.indexOf(name));
  if (places.includes(-1)) throw new RangeError(`no column ${names[places.indexOf(-1)]}`);
  const rows = lines.slice(1).map((line) => {
    const cells = line.split(",");
    return places.map((place): Cell => {
      const cell = cells[place]!;
      return cell === "" || cell === "NA" ? null : cell;
    });
  });
  const ends = [0, ...cuts, rows.length];
  return ends.slice(1).map((end, i) => ({ rows: rows.slice(ends[i], end) }));
}
