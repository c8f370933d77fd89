/** A charger is killed again and again on one catalogue; after each life its budget and answers are looked at. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect } from "@jest/globals";
import { fromText } from "../../../src/catalog/budgets/amounts.js";
import { auditLedger } from "../../../src/ledger/index.js";
import { addCurves, type RenyiCurve, ZERO_CURVE, zcdpCurve } from "../../../src/privacy/index.js";
import { openKeys, openStore } from "../../../src/store/index.js";
import { parseDecimal } from "../../../src/vocabulary/index.js";
import { type CatalogFixture, catalogFixture, datasetIn, give } from "../../catalog/fixture.js";

export const INSTANTS = [
  "before the charge",
  "in the transaction of the charge",
  "after the commit of the charge",
  "before the noise",
  "after the noise",
  "in the transaction of the answer",
  "after the commit of the answer",
  "before it is sent",
  "after it is sent",
  "any",
] as const;
const RHO = "0.001";
/** Asked in each life; a life dies among them. */
const AT_ONCE = 6;

/** Numbers in [0, 1) that a seed repeats. */
export const randomFrom = (seed: number) => () => {
  seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff;
  return seed / 0x80000000;
};

interface Ask {
  principal: string;
  on: { dataset: string; version: string; grant: string }[];
}

export class Charged {
  /** What clients were given, by request. */
  private readonly given = new Map<number, string>();
  private readonly drawn = new Set<number>();
  private next = 0;
  lives = 0;
  redrawn = 0;

  private constructor(
    private readonly fixture: CatalogFixture,
    private readonly ask: Ask,
    private readonly dataset: string,
  ) {}

  static async start(): Promise<Charged> {
    const fixture = catalogFixture();
    // The child's clock is the machine's.
    fixture.clock.advance(Math.max(0, Date.now() - fixture.clock.now()));
    const budget = { rho: "10", delta: "1e-6" };
    const name = await datasetIn(fixture, "published", { budget });
    const grant = give(fixture, name, { ...budget, access: "query", signal_bits: 0 }).id;
    const { id, current_version } = fixture.catalog.datasets.row(name);
    const on = [{ dataset: id, version: current_version!, grant }];
    fixture.store.close();
    return new Charged(fixture, { principal: fixture.researcher.id, on }, id);
  }

  end(): void {
    this.fixture.end();
  }

  /** One life: the requests that died before, which are asked again, and fresh ones. @param delay for `any`: lines until it is killed */
  async live(instant: string, time: number, delay: number): Promise<void> {
    this.lives++;
    const calm = instant === "none";
    const left = [...this.drawn].filter((n) => !this.given.has(n));
    const waiting = calm ? left : left.slice(0, AT_ONCE);
    const known = [...this.given.keys()].slice(-1);
    const fresh = Array.from({ length: calm ? 0 : AT_ONCE }, () => this.next++);
    const requests = [...known, ...waiting, ...fresh];
    const json = JSON.stringify({ ...this.ask, requests, rho: RHO });
    const child = spawn(
      process.execPath,
      [
        join(import.meta.dirname, "charger.child.mjs"),
        this.fixture.store.dataDir,
        join(this.fixture.dir, "key"),
        json,
        instant,
        String(time),
      ],
      { stdio: ["ignore", "pipe", "pipe"] },
    );
    let errors = "";
    child.stderr.on("data", (chunk: Buffer) => {
      errors += chunk.toString();
    });
    const ended = new Promise<{ code: number | null; signal: string | null }>((resolve) =>
      child.on("close", (code, signal) => resolve({ code, signal })),
    );
    let lines = 0;
    for await (const line of createInterface(child.stdout)) {
      this.heard(line);
      if (instant === "any" && ++lines > delay) child.kill("SIGKILL");
    }
    const { code, signal } = await ended;
    if (signal !== "SIGKILL" && code !== 0) throw new Error(`the charger failed: ${errors}`);
  }

  private heard(line: string): void {
    const [word, n, answer] = line.split(" ");
    if (word === "drawing") {
      if (this.drawn.has(Number(n))) this.redrawn++;
      // what was given once is never drawn again
      expect([n, this.given.has(Number(n))]).toEqual([n, false]);
      this.drawn.add(Number(n));
    }
    if (word !== "given") return;
    expect([n, this.given.get(Number(n)) ?? answer]).toEqual([n, answer]);
    this.given.set(Number(n), answer!);
  }

  /** What must hold whenever it died. */
  holds(): void {
    const store = openStore(this.fixture.store.dataDir);
    try {
      const rows = store.db.prepare("SELECT id, curve, delta, state FROM charges").all() as {
        id: string;
        curve: string;
        delta: string;
        state: string;
      }[];
      const sum = rows.reduce<RenyiCurve>((total, row) => addCurves(total, fromText(row)), ZERO_CURVE);
      const kept = store.db.prepare("SELECT scope, curve, delta FROM spendings ORDER BY scope").all() as {
        scope: string;
        curve: string;
        delta: string;
      }[];
      for (const row of kept) expect(fromText(row).values).toEqual(sum.values);
      expect(kept.map(({ scope }) => scope)).toEqual(
        rows.length === 0 ? [] : [this.dataset, this.ask.on[0]!.grant],
      );
      // never under-counted: whatever was drawn or given is in the sums
      const cost = zcdpCurve(parseDecimal(RHO, "rho")).values[0]!;
      expect(rows.length).toBeGreaterThanOrEqual(this.drawn.size);
      expect(sum.values[0]).toBe(cost * BigInt(rows.length));
      expect(rows.filter(({ state }) => state === "answered").length).toBeGreaterThanOrEqual(this.given.size);
      const entries = (kind: string) =>
        store.db.prepare("SELECT COUNT(*) FROM ledger_leaves WHERE kind = ?").pluck().get(kind);
      expect(entries("charge.made")).toBe(rows.length);
      const answers = store.db.prepare("SELECT COUNT(*) FROM charge_answers").pluck().get();
      expect([answers, entries("charge.answered")]).toEqual([
        rows.filter(({ state }) => state === "answered").length,
        answers,
      ]);
    } finally {
      store.close();
    }
  }

  /** At last: all that was charged can be had, once, and the log is whole. */
  async settle(): Promise<void> {
    while ([...this.drawn].some((n) => !this.given.has(n))) await this.live("none", 0, 0);
    this.holds();
    const store = openStore(this.fixture.store.dataDir);
    const keys = openKeys(this.fixture.store.dataDir, { keyFile: join(this.fixture.dir, "key") });
    expect(auditLedger(store, keys, [])).toMatchObject({ ok: true, problems: [] });
    store.close();
  }
}
