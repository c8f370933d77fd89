/**
 * One DuckDB, alone in memory, for one request.
 *
 * Rules: fixed memory and threads; it reads and writes only inside the request's own folder, which is memory; no
 * extension is ever fetched or loaded; after that the configuration is locked. SQL is built from positional column
 * names (`c0`, `c1` …) and `literal`; a name from outside is never part of it.
 */
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";

export interface DuckSettings {
  memoryMb: number;
  threads: number;
  /** The request's folder. */
  folder: string;
}

export type Cell = string | number | bigint | boolean | null;

/** A string as SQL has it. DuckDB knows no backslash escapes in it. */
export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** A name as SQL has it. */
export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** The stored name of the column at `index`: what an owner calls it stays out of SQL. */
export const stored = (index: number): string => `c${index}`;

export class Duck {
  private constructor(
    private readonly instance: DuckDBInstance,
    readonly connection: DuckDBConnection,
    private readonly owned: boolean,
  ) {}

  static async open(settings: DuckSettings): Promise<Duck> {
    const instance = await DuckDBInstance.create(":memory:", {
      memory_limit: `${settings.memoryMb}MiB`,
      threads: String(settings.threads),
      temp_directory: `${settings.folder}/spill`,
      autoinstall_known_extensions: "false",
      autoload_known_extensions: "false",
      allow_community_extensions: "false",
      allow_unsigned_extensions: "false",
    });
    const connection = await instance.connect();
    const duck = new Duck(instance, connection, true);
    await duck.run(`SET allowed_directories=[${literal(`${settings.folder}/`)}]`);
    await duck.run("SET TimeZone='UTC'");
    await duck.run("SET enable_external_access=false");
    await duck.run("SET lock_configuration=true");
    return duck;
  }

  /** The same database by a connection of its own, whose temporary tables no other sees. Closed before this one. */
  async beside(): Promise<Duck> {
    return new Duck(this.instance, await this.instance.connect(), false);
  }

  async run(sql: string): Promise<void> {
    await this.connection.run(sql);
  }

  /** All rows of a small answer. */
  async rows(sql: string): Promise<Cell[][]> {
    const reader = await this.connection.runAndReadAll(sql);
    return reader.getRows() as Cell[][];
  }

  async row(sql: string): Promise<Cell[]> {
    const [first] = await this.rows(sql);
    if (!first) throw new Error("engine: an answer of one row came empty");
    return first;
  }

  close(): void {
    this.connection.closeSync();
    if (this.owned) this.instance.closeSync();
  }
}
