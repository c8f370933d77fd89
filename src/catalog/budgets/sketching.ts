/**
 * Finds datasets of one owner that hold the same rows under another name, and lets them share one budget.
 *
 * Rules: a version is sketched by an engine, under a key of this domain, and looked at beside the sketches of its owner's
 * other datasets before anything is charged on it; what shares a budget once does so for ever. A sketch is data: it
 * lies in the vault. Sketches are made one at a time, so that no two versions miss each other.
 *
 * Never: a sketch compared with another owner's. What follows from it is exact, so that who uploads nine known rows and
 * a guess would read from a shared budget whether the guess is in the other's data.
 *
 * Not seen: rows whose values were all changed, unit ids written another way, less than a twentieth of the units.
 */
import type { Ledger, Tx } from "../../ledger/index.js";
import { type Keys, prepared, type Store, type Vault } from "../../store/index.js";
import { type DatasetId, SYSTEM_ACTOR, type VersionId } from "../../vocabulary/index.js";
import { type DatasetRow, datasetRow, type VersionRow, versionRow } from "../datasets/rows.js";
import type { Engine } from "../engine/index.js";
import { requirePresent } from "../objects.js";
import { envelope, NOTHING } from "./amounts.js";
import { type Overlap, overlapOf, SAMPLED, type Sketch, sketch } from "./sketch.js";
import type { Spending } from "./spending.js";

interface Parts {
  store: Store;
  ledger: Ledger;
  vault: Vault;
  keys: Pick<Keys, "sealer">;
  engine: Engine;
  spending: Spending;
}

/** Columns that a sketch looks at. */
const MOST_COLUMNS = 64;
const MAX_SKETCH_BYTES = 16 * 1024 * 1024;

interface Found {
  dataset: DatasetId;
  overlap: Overlap;
}

export class Sketching {
  private last: Promise<unknown> = Promise.resolve();

  constructor(private readonly parts: Parts) {}

  /** Whether the version was looked at, so that it may be charged on. */
  ready(version: VersionId): boolean {
    return (
      prepared(this.parts.store.db, "SELECT 1 FROM version_sketches WHERE version = ?").get(version) !==
      undefined
    );
  }

  /** Looks at the version, unless that was done. @throws engine_unavailable */
  look(version: VersionId): Promise<void> {
    if (this.ready(version)) return Promise.resolve();
    const turn = this.last.then(() => (this.ready(version) ? undefined : this.take(version)));
    this.last = turn.catch(() => undefined);
    return turn;
  }

  private async take(id: VersionId): Promise<void> {
    const { store, vault, ledger } = this.parts;
    const version = versionRow(store.db, id);
    const made = await this.sketchOf(version, datasetRow(store.db, version.dataset));
    const { object } = await vault.put(Buffer.from(JSON.stringify(made)));
    const found = await this.compare(made, version.dataset);
    ledger.commit((tx) => {
      requirePresent(vault, [object]);
      tx.db.prepare("INSERT INTO version_sketches (version, object) VALUES (?, ?)").run(id, object);
      for (const one of found) this.join(tx, version.dataset, one);
    });
  }

  private async compare(made: Sketch, dataset: DatasetId): Promise<Found[]> {
    const { store, vault, spending } = this.parts;
    const mates = new Set<string>(spending.pool(dataset));
    const others = store.db
      .prepare(
        `SELECT v.dataset, s.object FROM version_sketches s JOIN versions v ON v.id = s.version
         JOIN datasets d ON d.id = v.dataset WHERE d.owner = ? ORDER BY v.id DESC`,
      )
      .all(datasetRow(store.db, dataset).owner) as { dataset: DatasetId; object: string }[];
    const found: Found[] = [];
    for (const { dataset: other, object } of others) {
      if (mates.has(other)) continue;
      const theirs = sketch.parse(JSON.parse((await vault.read(object, MAX_SKETCH_BYTES)).toString()));
      const overlap = overlapOf(made, theirs);
      if (!overlap) continue;
      found.push({ dataset: other, overlap });
      for (const mate of spending.pool(other)) mates.add(mate);
    }
    return found;
  }

  /** From now on both pay together, and what either was charged counts for the other as well. */
  private join(tx: Tx, dataset: DatasetId, { dataset: other, overlap }: Found): void {
    const { spending } = this.parts;
    const [ours, theirs] = [spending.pool(dataset), spending.pool(other)];
    const spent = (pool: readonly DatasetId[]) =>
      pool.map((id) => spending.sum(id, spending.period(id, tx.now))).reduce(envelope, NOTHING);
    const [ourSum, theirSum] = [spent(ours), spent(theirs)];
    for (const id of ours) spending.raise(tx, id, spending.period(id, tx.now), theirSum);
    for (const id of theirs) spending.raise(tx, id, spending.period(id, tx.now), ourSum);
    const pool = [...ours, ...theirs].sort()[0]!;
    const insert = tx.db.prepare(
      `INSERT INTO budget_pools (dataset, pool, at) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET pool = excluded.pool`,
    );
    for (const id of [...ours, ...theirs]) insert.run(id, pool, tx.now);
    for (const [id, mate] of [
      [dataset, other],
      [other, dataset],
    ] as const)
      tx.entry({
        kind: "budget.shared",
        actor: SYSTEM_ACTOR,
        subject: id,
        dataset: id,
        data: { with: mate, by: overlap.by, share: overlap.share.toFixed(2) },
      });
  }

  private async sketchOf(version: VersionRow, row: DatasetRow): Promise<Sketch> {
    const unit = version.columns.findIndex(({ name }) => name === row.unit_column);
    const columns = version.columns.slice(0, MOST_COLUMNS).map((_, i) => i);
    const rows = await this.least(version, rowsSql(columns));
    const units = unit < 0 ? undefined : await this.least(version, unitsSql(unit, columns));
    return sketch.parse({
      format: 1,
      rows: rows.map(([h, count]) => [h, Number(count)]),
      ...(units === undefined ? {} : { units: units.map(([h, ...values]) => [h, values]) }),
    });
  }

  /** The least hashes: first looked for below an edge that leaves few rows to sort, where there are many. */
  private async least(version: VersionRow, sql: string): Promise<unknown[][]> {
    const edge = BigInt(Math.ceil(version.rows / (8 * SAMPLED)));
    const first = await this.ask(version, sql, edge <= 1n ? NO_EDGE : edgeAt(edge));
    return first.length >= SAMPLED || edge <= 1n ? first : this.ask(version, sql, NO_EDGE);
  }

  private async ask(version: VersionRow, sql: string, edge: string): Promise<unknown[][]> {
    const { object } = version;
    const key = this.parts.keys.sealer.derive("version-sketch").toString("hex");
    const { rows } = await this.parts.engine.query({
      version: { key: object, parquet: () => this.parts.vault.get(object) },
      sql,
      parameters: [key, edge],
      maxRows: SAMPLED,
    });
    return rows;
  }
}

/** Above every hash. */
const NO_EDGE = "g";
/** One hash in so many is below it. */
const edgeAt = (of: bigint): string => ((1n << 64n) / of).toString(16).padStart(16, "0");

const text = (column: number): string => `CAST(c${column} AS VARCHAR)`;
/** Where a value is absent a row still has a text: U+001E, which no value is made of alone by accident. */
const rowsSql = (columns: readonly number[]): string => `
  SELECT h, count(*) AS n FROM (
    SELECT left(sha256(concat_ws(chr(31), $1, ${columns.map((c) => `coalesce(${text(c)}, chr(30))`).join(", ")})), 16) AS h
    FROM data
  ) WHERE h < $2 GROUP BY h ORDER BY h LIMIT ${SAMPLED}`;

/** A unit of several rows is known by the least value of each column. */
const unitsSql = (unit: number, columns: readonly number[]): string => `
  WITH kept AS (
    SELECT DISTINCT u, h FROM (
      SELECT ${text(unit)} AS u, left(sha256(concat($1, chr(31), ${text(unit)})), 16) AS h FROM data
    ) WHERE h < $2 ORDER BY h LIMIT ${SAMPLED}
  )
  SELECT kept.h${columns
    .filter((c) => c !== unit)
    .map((c) => `, left(sha256($1 || chr(30) || min(${text(c)})), 8)`)
    .join("")}
  FROM data JOIN kept ON kept.u = ${text(unit)} GROUP BY kept.h ORDER BY kept.h`;
