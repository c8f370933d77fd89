/**
 * The tables that the judging thread keeps: what each tells, its sets, and its units as they lie in the vault; the arrays of
 * units unpacked while they are used, within a bound. Nothing of it is written anywhere.
 */
import {
  type AtomTable,
  columnsOf,
  decodeUnitSets,
  type ExpressionColumn,
  type ToldSet,
  toldSets,
  type UnitSets,
} from "../../../privacy/index.js";
import type { KeptTable } from "./messages.js";

interface Prepared extends KeptTable {
  sets: ToldSet[] | undefined;
}

export class JudgedTables {
  private readonly tables = new Map<string, Prepared>();
  /** Unpacked, oldest use first. */
  private readonly open = new Map<string, UnitSets>();
  private openBytes = 0;

  constructor(private readonly maxOpenBytes: number) {}

  add(table: KeptTable): void {
    this.close(table.told.id);
    this.tables.set(table.told.id, { ...table, sets: undefined });
  }

  drop(id: string): void {
    this.tables.delete(id);
    this.close(id);
  }

  get(id: string): KeptTable {
    const table = this.tables.get(id);
    if (!table) throw new RangeError("a table was not sent");
    return table;
  }

  /** Undefined where its units are not known. */
  withUnits(id: string, columns: Record<string, readonly ExpressionColumn[]>): AtomTable | undefined {
    const table = this.tables.get(id);
    if (!table?.units) return undefined;
    const unpack = () => this.unitsOf(id);
    table.sets ??= toldSets(table.told, unpack());
    const { sets } = table;
    return {
      table: table.told,
      columns: columnsOf(columns[table.told.version] ?? []),
      spread: {
        sets,
        get units() {
          return unpack();
        },
      },
    };
  }

  private unitsOf(id: string): UnitSets {
    const known = this.open.get(id);
    if (known) {
      this.open.delete(id);
      this.open.set(id, known);
      return known;
    }
    const units = decodeUnitSets(Buffer.from(this.get(id).units ?? new Uint8Array()));
    this.open.set(id, units);
    this.openBytes += units.of.byteLength;
    for (const oldest of this.open.keys()) {
      if (this.openBytes <= this.maxOpenBytes || oldest === id) break;
      this.close(oldest);
    }
    return units;
  }

  private close(id: string): void {
    const units = this.open.get(id);
    if (!units) return;
    this.open.delete(id);
    this.openBytes -= units.of.byteLength;
  }
}
