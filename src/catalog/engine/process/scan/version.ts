/**
 * A version as texts are compared with it. What of it is needed whatever the texts are is made ready once: for one
 * scan, or for all scans of a session.
 *
 * Rules: a scan leaves nothing of its texts behind; a session keeps identifiers only where they are few, so that the
 * memory is the questions'.
 */
import type { ColumnSchema } from "../../model.js";
import { type Duck, literal } from "../duck.js";
import { describeVersion, type VersionDescription } from "../parquet.js";
import type { ScanData } from "./data.js";
import { loadHeld, MOST_HELD } from "./held.js";
import { type Identifiers, identifierColumns, loadIdentifiers } from "./identifiers.js";
import type { HeldKeys } from "./tokens.js";

/** Identifiers that are kept between scans, over all columns; and values. */
const MOST_KEPT = 100_000;

export class ScannedVersion {
  private known: { of: string; identifiers: Identifiers } | undefined;

  private values: { digits: number; held: HeldKeys } | undefined;

  private constructor(
    private readonly duck: Duck,
    private readonly parquet: string,
    readonly description: VersionDescription & { rows: number },
  ) {}

  /** It is `duck`'s only user, and closes it. */
  static async open(duck: Duck, parquet: string): Promise<ScannedVersion> {
    return new ScannedVersion(duck, parquet, await describeVersion(duck, parquet));
  }

  /** For one scan, with a folder of its own that DuckDB may read. */
  data(folder: string): ScanData {
    const numbered = `read_parquet(${literal(this.parquet)}, file_row_number = true)`;
    return { duck: this.duck, folder, rows: this.description.rows, numbered };
  }

  /** Which columns hold identifiers may change from scan to scan: an owner may class them anew. */
  async identifiers(columns: ColumnSchema[], unitColumn: string | undefined): Promise<Identifiers> {
    const of = JSON.stringify(identifierColumns(columns, unitColumn));
    if (this.known?.of === of) return this.known.identifiers;
    await this.forget();
    const table = `read_parquet(${literal(this.parquet)})`;
    const identifiers = await loadIdentifiers(this.duck, table, columns, unitColumn);
    this.known = { of, identifiers };
    return identifiers;
  }

  /** Undefined where there are too many. They hang on the digits that outputs are rounded to. */
  async held(data: ScanData, columns: ColumnSchema[], digits: number): Promise<HeldKeys | undefined> {
    const values = data.rows * columns.length;
    if (values > MOST_HELD) return undefined;
    if (this.values?.digits === digits) return this.values.held;
    const held = await loadHeld(data, columns, digits);
    this.values = values <= MOST_KEPT ? { digits, held } : undefined;
    return held;
  }

  /** After a scan. */
  async tidy(): Promise<void> {
    const columns = this.known?.identifiers.columns ?? [];
    const own = new Set(columns.map(({ table }) => table));
    for (const table of await this.tables()) if (!own.has(table)) await this.drop(table);
    if (columns.reduce((sum, { distinct }) => sum + distinct, 0) > MOST_KEPT) await this.forget();
  }

  private async forget(): Promise<void> {
    const { known } = this;
    this.known = undefined;
    for (const { table } of known?.identifiers.columns ?? []) await this.drop(table);
  }

  private async tables(): Promise<string[]> {
    const rows = await this.duck.rows("SELECT table_name FROM duckdb_tables() WHERE temporary");
    return rows.map(([name]) => String(name));
  }

  private drop(table: string): Promise<void> {
    return this.duck.run(`DROP TABLE IF EXISTS temp.${table}`);
  }

  close(): void {
    this.duck.close();
  }
}
