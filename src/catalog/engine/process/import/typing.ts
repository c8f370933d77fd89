/**
 * The records with their types, as one Parquet. Each part of the records is written as soon as it can be read, while
 * more content comes in: its types are what the first rows say to expect. Once all are there, a column that surprises
 * is looked at again, and then all parts are written anew.
 *
 * Rules: a refusal of the content's form comes before one of its values; what is written early may be thrown away, and
 * changes no byte of what comes out.
 */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { invalidInput } from "../../../../vocabulary/index.js";
import { type DeclaredColumn, UNIT_COLUMN } from "../../model.js";
import type { ImportRequest } from "../../protocol.js";
import { type Duck, stored } from "../duck.js";
import { nullCounts, type VersionDescription, writeParquet } from "../parquet.js";
import { joinParquet } from "../parquet-join.js";
import { type Begun, type Column, expectColumns, reconsider, type Source } from "./infer.js";
import { valueSql } from "./readings.js";
import type { Direct, Incoming, Tabular } from "./tabular.js";

export interface TypedRows {
  source: Source;
  columns: Column[];
  declared: ReadonlyMap<string, DeclaredColumn>;
  /** Each row's number stands where its unit's ordinal goes. */
  path: string;
  /** Of each column. */
  nulls: number[];
}

export const about = (columns: readonly Pick<Column, "name" | "type">[]): VersionDescription => ({
  format: 1,
  columns: columns.map(({ name, type }) => ({ name, type })),
});

function declaredByName(
  { declared, unit_column }: ImportRequest,
  header: string[],
): Map<string, DeclaredColumn> {
  if (unit_column !== undefined && !header.includes(unit_column))
    throw invalidInput(unit_column, "is named as the unit column and not in the file");
  const byName = new Map<string, DeclaredColumn>();
  for (const column of declared) {
    if (byName.has(column.name)) throw invalidInput(column.name, "is declared twice");
    if (!header.includes(column.name)) throw invalidInput(column.name, "is declared and not in the file");
    byName.set(column.name, column);
  }
  return byName;
}

/** The columns whose texts are known to be numbers, and are wanted as such: DuckDB reads them directly. */
function directColumns(source: Begun, columns: Column[]): Direct {
  const direct = new Map<number, "BIGINT" | "DOUBLE">();
  for (const [i, { type, reading }] of columns.entries()) {
    if (reading) continue;
    if (type === "integer" && source.column(i).whole) direct.set(i, "BIGINT");
    if (type === "decimal" && source.column(i).numeric) direct.set(i, "DOUBLE");
  }
  return direct;
}

function valuesSql(source: Begun, columns: Column[], part: number): string {
  const direct = directColumns(source, columns);
  const values = columns.map((column, i) => {
    const c = stored(i);
    return column.native || direct.has(i) ? c : `${valueSql(column, c)} AS ${c}`;
  });
  return `SELECT ${values.join(", ")}, rn AS ${UNIT_COLUMN} FROM ${source.partTable(part, direct)}`;
}

export class Typing {
  private declared: Map<string, DeclaredColumn> | undefined;
  private columns: Column[] | undefined;
  private readonly written: string[] = [];
  /** The parts that are to be written, one after the other. */
  private queue: Promise<void> = Promise.resolve();
  private queued = 0;
  private failure: { error: unknown } | undefined;
  private given = true;

  constructor(
    private readonly folder: string,
    private readonly duck: Duck,
    private readonly request: ImportRequest,
  ) {}

  /** @throws for columns that are not what was declared, and what went wrong with parts before. */
  follow(incoming: Incoming): void {
    if (this.failure) throw this.failure.error;
    this.declared ??= declaredByName(this.request, incoming.header);
    const source = { ...incoming, duck: this.duck };
    for (; this.queued < incoming.parts; this.queued++) {
      const part = this.queued;
      this.queue = this.queue.then(() => this.write(source, part));
    }
    this.queue.catch((error: unknown) => {
      this.failure ??= { error };
    });
  }

  private async write(source: Begun, part: number): Promise<void> {
    if (!this.given) return;
    this.columns ??= await expectColumns(source, this.declared!);
    const path = join(this.folder, `typed-${part}.parquet`);
    await writeParquet(this.duck, valuesSql(source, this.columns, part), path, about(this.columns));
    this.written.push(path);
  }

  /** What was begun is wanted no more. Resolves when nothing works on it. */
  async giveUp(): Promise<void> {
    this.given = false;
    this.duck.connection.interrupt();
    await this.queue.catch(() => undefined);
  }

  async finish(tabular: Tabular): Promise<TypedRows> {
    const source = { ...tabular, duck: this.duck };
    let path = await this.all(source);
    let nulls = await nullCounts(this.duck, path, source.header.length);
    const columns = this.columns!;
    if (await reconsider(source, columns, nulls)) {
      await rm(path);
      this.queued = 0;
      path = await this.all(source);
      nulls = await nullCounts(this.duck, path, columns.length);
    }
    return { source, columns, declared: this.declared!, path, nulls };
  }

  /** Writes the parts that are not written yet. @returns the one file of all. */
  private async all(source: Source): Promise<string> {
    this.follow(source);
    await this.queue;
    return joinParquet(this.written.splice(0));
  }
}
