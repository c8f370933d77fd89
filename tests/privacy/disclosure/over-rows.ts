/** Claims recomputed by DuckDB over rows that a test makes, as an engine would over a version. */
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import {
  type AnswerRow,
  askedOf,
  claimFromWritten,
  columnsOf,
  type DisclosurePolicy,
  defaultPolicy,
  type ExpressionColumns,
  factsOf,
  layoutOf,
  planTable,
  questionOf,
  requireRecomputed,
  type TableFacts,
  withUnits,
  writtenClaim,
} from "../../../src/privacy/index.js";

export interface MadeColumn {
  name: string;
  type: "text" | "integer" | "decimal";
  nullable: boolean;
  categories?: string[];
}
export interface MadeRow {
  unit: number;
  values: readonly (string | number | null)[];
}

const TYPES = { text: "VARCHAR", integer: "BIGINT", decimal: "DOUBLE" };
const literal = (value: string | number | null): string =>
  value === null ? "NULL" : typeof value === "string" ? `'${value}'` : String(value);

export class OverRows {
  private constructor(
    readonly connection: DuckDBConnection,
    private readonly columns: ExpressionColumns,
    private readonly oneRowPerUnit: boolean,
  ) {}

  static async of(columns: readonly MadeColumn[], rows: readonly MadeRow[]): Promise<OverRows> {
    const instance = await DuckDBInstance.create(":memory:", { threads: "2" });
    const connection = await instance.connect();
    const types = columns.map(({ type }, i) => `c${i} ${TYPES[type]}`).join(", ");
    await connection.run(`CREATE TABLE data (${types}, __unit BIGINT)`);
    const tuples = rows.map((row) => `(${[...row.values, row.unit].map(literal).join(", ")})`);
    if (tuples.length > 0) await connection.run(`INSERT INTO data VALUES ${tuples.join(", ")}`);
    const units = new Set(rows.map(({ unit }) => unit));
    return new OverRows(connection, columnsOf([...columns]), units.size === rows.length);
  }

  async facts(
    written: object,
    policy: DisclosurePolicy = defaultPolicy(3),
    oneRowPerUnit: boolean = this.oneRowPerUnit,
  ): Promise<{ facts: TableFacts; layout: { down: number } }> {
    const claim = claimFromWritten(writtenClaim.parse(written), "study", this.columns, "claim");
    const statistic = withUnits(requireRecomputed(claim.statistic, "claim"));
    const plan = planTable(statistic, this.columns);
    const stored = new Map([...this.columns.keys()].map((name, i) => [name, `c${i}`]));
    const { sql, parameters } = questionOf(plan, this.columns, stored, askedOf(policy, oneRowPerUnit));
    const reader = await this.connection.runAndReadAll(sql, parameters);
    return { facts: factsOf(plan, reader.getRowsJson() as AnswerRow[], policy), layout: layoutOf(statistic) };
  }

  close(): void {
    this.connection.closeSync();
  }
}

/** The cell of these labels and that measure. */
export function cellAt(facts: TableFacts, labels: readonly string[], measure: string) {
  const at = labels.map((label, i) => (label === "Total" ? -1 : facts.dimensions[i]!.levels.indexOf(label)));
  const index = facts.measures.findIndex(({ name }) => name === measure);
  const cell = facts.cells.find((c) => c.measure === index && c.at.join() === at.join());
  if (cell === undefined) throw new RangeError(`no cell ${labels.join(" / ")} ${measure}`);
  return cell;
}
