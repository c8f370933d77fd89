/**
 * The memory of a dataset: what was released of it, by anyone, and what a new table tells together with it.
 *
 * Rules: a table that the node computed is remembered in the very commit that lets it out, with the units that its cells
 * stand on, which an engine found at its check; a fact is never changed and never forgotten, whoever asked for it and
 * whatever becomes of job, grant or version. Files that a program wrote make no facts. What could not be judged is `review`.
 *
 * Never: a unit's ordinal in a finding, an entry or a log.
 */
import type { Ledger, Tx } from "../../ledger/index.js";
import {
  type Claim,
  columnsOf,
  differencingFailed,
  encodeUnitSets,
  type Finding,
  isTable,
  planTable,
  type TableFacts,
  unitSetsOf,
  unitsQuestion,
} from "../../privacy/index.js";
import type { Keys, Store, Vault } from "../../store/index.js";
import { GloveboxError } from "../../vocabulary/index.js";
import { type DatasetRow, datasetRow, versionRow } from "../datasets/rows.js";
import type { Engine } from "../engine/index.js";
import { requirePresent } from "../objects.js";
import type { Judged, JudgeRequest, KeptTable } from "./judge/messages.js";
import { JudgingThread } from "./judge/thread.js";
import { contentOf, type FactRow, factOf, factRows, insertFact, markOf, type NewFact } from "./rows.js";

/** A table (or a model, by the rows that it stands on) that the node computed and nobody let out yet. */
export interface HeldTable {
  output: string;
  name: string;
  claim: Claim;
  /** Its claim stood before the run. */
  declared: boolean;
  version: string;
  facts: TableFacts;
  /** Where it is no table but a model or curves: its own claim; `claim` and `facts` are then of the rows that it stands on. */
  model?: Claim | undefined;
  /** Undefined where its units are to be found now. */
  units_object: string | null;
}

export interface Memory {
  /**
   * Finds which units the cells of a table stand on, and keeps it in the vault; its address. Undefined where there are more
   * than are told one by one: it is then compared by its description alone. @throws engine_unavailable
   */
  unitsOf(table: Pick<HeldTable, "claim" | "version" | "facts">): Promise<string | undefined>;
  /**
   * A held table with all that was released of its dataset, and with those that may go out with it. Findings for everyone,
   * which are simulatable, then those for auditors only. @throws engine_unavailable
   */
  judge(table: HeldTable, beside: readonly HeldTable[], threshold: number): Promise<Finding[]>;
  /** What the requester of it would be told: of a rehearsal, from public things alone. */
  rehearse(table: HeldTable, beside: readonly HeldTable[], threshold: number): Promise<Finding[]>;
  /** In the transaction that lets them out. */
  remember(tx: Tx, facts: readonly NewFact[]): void;
  /** Moves on with each release of the dataset. */
  mark(dataset: string): number;
  /** What went out of a dataset, by whoever's job. */
  claims(dataset: string, most: number): { claim: Claim; version: string }[];
  close(): Promise<void>;
}

interface Parts {
  store: Store;
  ledger: Ledger;
  vault: Vault;
  keys: Pick<Keys, "sealer">;
  engine: Engine;
}

/** As a table has them, times whether its measures have values. */
const MAX_CELLS = 1_000_000;
const MAX_UNITS_BYTES = 512 * 1024 ** 2;
/** Of linear programs, in one judgement. */
const ATTACK_MS = 2_000;

export const hasOneRowAUnit = (row: DatasetRow): boolean => row.row_is_unit || row.max_rows_per_unit === 1;

export class MemoryService implements Memory {
  private readonly thread = new JudgingThread();

  constructor(private readonly parts: Parts) {}

  mark(dataset: string): number {
    return markOf(this.parts.store.db, dataset);
  }

  claims(dataset: string, most: number): { claim: Claim; version: string }[] {
    const rows = factRows(this.parts.store.db, dataset).slice(0, most);
    return rows.map((row) => {
      const { claim, model } = contentOf(this.parts.keys.sealer, row);
      return { claim: model ?? claim, version: row.version };
    });
  }

  async unitsOf(table: Pick<HeldTable, "claim" | "version" | "facts">): Promise<string | undefined> {
    try {
      const { object } = await this.parts.vault.put(encodeUnitSets(await this.find(table)));
      return object;
    } catch (error) {
      if (!(error instanceof GloveboxError) || error.code !== "too_large") throw error;
      return undefined;
    }
  }

  private async find({ claim, version: id, facts }: Pick<HeldTable, "claim" | "version" | "facts">) {
    const { store, vault, engine } = this.parts;
    if (!isTable(claim)) throw new RangeError("only tables stand on cells");
    const version = versionRow(store.db, id);
    const columns = columnsOf(version.columns);
    const plan = planTable(claim.statistic, columns);
    const stored = new Map(version.columns.map(({ name }, i) => [name, `c${i}`]));
    const found = await engine.units({
      version: { key: version.object, parquet: () => vault.get(version.object) },
      ...unitsQuestion(plan, columns, stored, hasOneRowAUnit(this.datasetOf(id))),
      maxCells: MAX_CELLS,
    });
    const cells = found.cells as (string | number | null)[][];
    return unitSetsOf(plan, facts, { ...found, cells });
  }

  async rehearse(table: HeldTable, beside: readonly HeldTable[], threshold: number): Promise<Finding[]> {
    const { requester = [differencingFailed("all")] } = await this.judgedBy(
      "requester",
      table,
      beside,
      threshold,
    );
    return requester;
  }

  async judge(table: HeldTable, beside: readonly HeldTable[], threshold: number): Promise<Finding[]> {
    const judged = await this.judgedBy("both", table, beside, threshold);
    const { requester = [differencingFailed("all")], auditors = [differencingFailed("auditors")] } = judged;
    return [...requester, ...auditors];
  }

  private judgedBy(
    verdicts: JudgeRequest["verdicts"],
    table: HeldTable,
    beside: readonly HeldTable[],
    threshold: number,
  ): Promise<Judged> {
    const { db } = this.parts.store;
    const dataset = this.datasetOf(table.version);
    const released = factRows(db, dataset.id).filter((row) => row.output !== table.output);
    const others = beside.filter((other) => this.datasetOf(other.version).id === dataset.id);
    const held = new Map([table, ...others].map((t) => [t.output, t]));
    const rows = new Map(released.map((row) => [row.output as string, row]));
    const versions = new Set([...held.values(), ...released].map(({ version }) => version));
    return this.thread.judge(
      {
        verdicts,
        threshold,
        oneRowAUnit: hasOneRowAUnit(dataset),
        unitColumn: dataset.unit_column ?? undefined,
        columns: Object.fromEntries(
          [...versions].map((v) => [v, expressionColumns(versionRow(db, v).columns)]),
        ),
        asked: { id: table.output, declared: table.declared },
        beside: others
          .filter((o) => !rows.has(o.output))
          .map((o) => ({ id: o.output, declared: o.declared })),
        released: released.map((row) => row.output),
        passing: [...held.keys()].filter((id) => !rows.has(id)),
        budgetMs: ATTACK_MS,
      },
      async (id) => {
        const row = rows.get(id);
        if (row) return this.openFact(row);
        const table = held.get(id) as HeldTable;
        return verdicts === "both" ? this.openHeld(table) : { told: this.told(table), units: undefined };
      },
    );
  }

  remember(tx: Tx, facts: readonly NewFact[]): void {
    const { vault, keys } = this.parts;
    requirePresent(
      vault,
      facts.flatMap(({ units_object }) => units_object ?? []),
    );
    for (const fact of facts) insertFact(tx, keys.sealer, fact);
  }

  async close(): Promise<void> {
    await this.thread.close();
  }

  private async openHeld(table: HeldTable): Promise<KeptTable> {
    return { told: this.told(table), units: await this.unitsIn(table.units_object ?? undefined) };
  }

  /** A fact of before units were remembered gets them now. */
  private async openFact(row: FactRow): Promise<KeptTable> {
    const { name, claim, table, model } = contentOf(this.parts.keys.sealer, row);
    const { output, version } = row;
    const released = { output, name: `${name} of ${row.release}`, claim, version, facts: table, model };
    const object = row.units_object ?? (await this.foundLate(released));
    return { told: this.told(released), units: await this.unitsIn(object) };
  }

  /** Undefined where the table cannot be found again as it was. @throws engine_unavailable */
  private async foundLate(table: Pick<HeldTable, "output" | "claim" | "version" | "facts">) {
    if (!isTable(table.claim)) return undefined;
    try {
      const object = await this.unitsOf(table);
      if (object !== undefined) this.keepUnits(table.output, object);
      return object;
    } catch (error) {
      if (!(error instanceof GloveboxError) || error.code === "engine_unavailable") throw error;
      return undefined;
    }
  }

  private keepUnits(output: string, object: string): void {
    this.parts.ledger.commit((tx) => {
      requirePresent(this.parts.vault, [object]);
      if (factOf(tx.db, output)?.units_object === null)
        tx.db.prepare("UPDATE facts SET units_object = ? WHERE output = ?").run(object, output);
    });
  }

  private async unitsIn(object: string | undefined): Promise<Uint8Array | undefined> {
    return object === undefined ? undefined : this.parts.vault.read(object, MAX_UNITS_BYTES);
  }

  private told({ output, name, claim, version, facts, model }: Omit<HeldTable, "declared" | "units_object">) {
    const oneRowAUnit = hasOneRowAUnit(this.datasetOf(version));
    return { id: output, name, claim, version, facts, model, oneRowAUnit };
  }

  private datasetOf(version: string): DatasetRow {
    const { db } = this.parts.store;
    return datasetRow(db, versionRow(db, version).dataset);
  }
}

const expressionColumns = (columns: readonly { name: string; type: string; nullable: boolean }[]) =>
  [...columnsOf(columns as Parameters<typeof columnsOf>[0]).values()].map(({ name, type, nullable }) => ({
    name,
    type,
    nullable,
  }));
