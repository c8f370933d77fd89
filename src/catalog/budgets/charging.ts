/**
 * Making charges and keeping their answers. The rules stand in charges.ts.
 *
 * Never: noise before the charge is committed, an answer given before it is stored, a second answer to one charge.
 */
import { createHash } from "node:crypto";
import type Database from "better-sqlite3";
import canonicalize from "canonicalize";
import type { Ledger, Tx } from "../../ledger/index.js";
import type { RenyiCurve } from "../../privacy/index.js";
import { type Keys, prepared } from "../../store/index.js";
import {
  type Clock,
  type DatasetId,
  GloveboxError,
  newId,
  SYSTEM_ACTOR,
  type VersionId,
} from "../../vocabulary/index.js";
import { datasetRow } from "../datasets/rows.js";
import { type GrantRow, grantRow } from "../grants/rows.js";
import { curveSha256, fromText, inUnits, shownCost, toText } from "./amounts.js";
import {
  type Answered,
  type Charge,
  type ChargeId,
  type ChargeRequest,
  type ChargeState,
  type Charges,
  type Kept,
  MAX_ANSWER_BYTES,
  type Price,
} from "./charges.js";
import { covers, mustFit, payersOf, tightest } from "./payers.js";
import type { Sketching } from "./sketching.js";
import type { Spending } from "./spending.js";

interface Parts {
  db: Database.Database;
  ledger: Ledger;
  keys: Pick<Keys, "sealer">;
  clock: Clock;
  spending: Spending;
  /** Tells the same rows under another name, before anything is charged on them. */
  sketching: Pick<Sketching, "ready" | "look">;
}

interface ChargeRow {
  id: ChargeId;
  state: ChargeState;
  curve: string;
  delta: string;
  ledger_seq: number;
  at: number;
}

const MAX_DATASETS = 16;
const MAX_REQUEST_CHARS = 1024 * 1024;
const misuse = (detail: string) => new GloveboxError("internal", { detail });
const contextOf = (id: ChargeId) => `answer ${id}`;

export class ChargeService implements Charges {
  /** Requests under way, so that the same one is not drawn twice. */
  private readonly running = new Map<string, Promise<Answered>>();

  constructor(private readonly parts: Parts) {}

  async once(request: ChargeRequest, draw: (charge: Charge) => Promise<Buffer>): Promise<Answered> {
    const key = `${request.principal} ${digestOf(request)}`;
    const other = this.running.get(key);
    if (other) {
      this.requireGrants(request, this.parts.clock.now());
      return { ...(await other), repeated: true };
    }
    const way = this.complete(request, draw).finally(() => this.running.delete(key));
    this.running.set(key, way);
    return way;
  }

  private async complete(
    request: ChargeRequest,
    draw: (charge: Charge) => Promise<Buffer>,
  ): Promise<Answered> {
    await this.prepare(request);
    const charge = this.parts.ledger.commit((tx) => this.charge(tx, request));
    if (charge.answer) return { ...charge, answer: charge.answer, repeated: true };
    const drawn = await draw(charge);
    const answer = this.parts.ledger.commit((tx) => this.answered(tx, charge.id, drawn));
    return { ...charge, state: "answered", answer, repeated: false };
  }

  async prepare({ on }: Pick<ChargeRequest, "on">): Promise<void> {
    for (const { version } of on) await this.parts.sketching.look(version);
  }

  find(request: ChargeRequest): Charge | undefined {
    const row = prepared(
      this.parts.db,
      "SELECT id, state, curve, delta, ledger_seq, at FROM charges WHERE principal = ? AND request_sha256 = ?",
    ).get(request.principal, digestOf(request)) as ChargeRow | undefined;
    return row && this.read(row);
  }

  kept(dataset: DatasetId, id: string): Kept | undefined {
    const row = prepared(
      this.parts.db,
      "SELECT charge, version FROM charge_datasets WHERE dataset = ? AND charge = ?",
    ).get(dataset, id) as { charge: ChargeId; version: VersionId } | undefined;
    const answer = row && this.stored(row.charge);
    return row && answer && { version: row.version, answer };
  }

  private read(row: ChargeRow): Charge {
    const { id, state, ledger_seq, at } = row;
    return { id, state, ledger_seq, at, ...shownCost(fromText(row)), answer: this.stored(id) };
  }

  private stored(id: ChargeId): Buffer | undefined {
    const sealed = prepared(this.parts.db, "SELECT answer_sealed FROM charge_answers WHERE charge = ?")
      .pluck()
      .get(id) as Buffer | undefined;
    return sealed && this.parts.keys.sealer.open(sealed, contextOf(id));
  }

  charge(tx: Tx, request: ChargeRequest): Charge {
    const grants = this.requireGrants(request, tx.now);
    const before = this.find(request);
    if (before) return before;
    if (!request.on.every(({ version }) => this.parts.sketching.ready(version)))
      throw misuse("prepare() comes before charge()");
    const cost = inUnits(request.cost);
    const payers = payersOf(this.parts, request, grants, tx.now);
    for (const payer of payers) mustFit(payer, cost);
    for (const { scope, period } of payers) this.parts.spending.raise(tx, scope, period, cost);
    return this.insert(tx, request, cost);
  }

  private insert(tx: Tx, request: ChargeRequest, cost: RenyiCurve): Charge {
    const { principal, kind, on, mechanism } = request;
    const id: ChargeId = newId("charge", tx.now);
    const digest = digestOf(request);
    const text = toText(cost);
    const ledger_seq = tx.entry({
      kind: "charge.made",
      actor: principal,
      subject: id,
      dataset: on.map(({ dataset }) => dataset),
      data: {
        kind,
        on: on.map((part) => ({ ...part })),
        request_sha256: digest,
        ...shownCost(cost),
        curve_sha256: curveSha256(text),
        mechanism,
      },
    });
    prepared(
      tx.db,
      `INSERT INTO charges (id, principal, kind, request_sha256, state, curve, delta, ledger_seq, at)
       VALUES (?, ?, ?, ?, 'charged', ?, ?, ?, ?)`,
    ).run(id, principal, kind, digest, text.curve, text.delta, ledger_seq, tx.now);
    for (const { dataset, version, grant } of on)
      prepared(
        tx.db,
        "INSERT INTO charge_datasets (charge, dataset, version, grant_id) VALUES (?, ?, ?, ?)",
      ).run(id, dataset, version, grant);
    return { id, state: "charged", ledger_seq, at: tx.now, ...shownCost(cost), answer: undefined };
  }

  answered(tx: Tx, id: ChargeId, answer: Buffer): Buffer {
    const before = this.stored(id);
    if (before) return before;
    if (answer.length > MAX_ANSWER_BYTES)
      throw new GloveboxError("too_large", {
        detail: `an answer may have at most ${MAX_ANSWER_BYTES} bytes`,
      });
    const datasets = prepared(tx.db, "SELECT dataset FROM charge_datasets WHERE charge = ? ORDER BY 1").all(
      id,
    ) as { dataset: DatasetId }[];
    if (datasets.length === 0) throw misuse("no such charge");
    const seq = tx.entry({
      kind: "charge.answered",
      actor: SYSTEM_ACTOR,
      subject: id,
      dataset: datasets.map(({ dataset }) => dataset),
      data: { sha256: createHash("sha256").update(answer).digest("hex"), bytes: answer.length },
    });
    prepared(tx.db, "INSERT INTO charge_answers (charge, answer_sealed) VALUES (?, ?)").run(
      id,
      this.parts.keys.sealer.seal(answer, contextOf(id)),
    );
    prepared(
      tx.db,
      "UPDATE charges SET state = 'answered', answered_seq = ?, answered_at = ? WHERE id = ?",
    ).run(seq, tx.now, id);
    return answer;
  }

  price(request: ChargeRequest): Price {
    const now = this.parts.clock.now();
    const grants = this.requireGrants(request, now);
    const cost = inUnits(request.cost);
    const payers = payersOf(this.parts, request, grants, now);
    return {
      ...shownCost(cost),
      fits: payers.every((payer) => covers(payer, cost)),
      free: this.find(request) !== undefined,
      left: tightest(payers),
    };
  }

  /** What was usable when the request was planned may have ended since. @throws no_grant, grant_expired, state_conflict */
  private requireGrants({ principal, on }: ChargeRequest, now: number): GrantRow[] {
    if (on.length === 0 || on.length > MAX_DATASETS || new Set(on.map((o) => o.dataset)).size !== on.length)
      throw misuse(`a charge is on 1 to ${MAX_DATASETS} datasets, each once`);
    return on.map(({ dataset, version, grant: id }) => {
      const grant = grantRow(this.parts.db, id);
      if (grant.principal !== principal || grant.dataset !== dataset) throw misuse("another's grant");
      if (grant.state !== "active")
        throw new GloveboxError("no_grant", { detail: `your grant is ${grant.state}` });
      if (grant.expires_at <= now) throw new GloveboxError("grant_expired");
      const { state } = datasetRow(this.parts.db, dataset);
      if (state !== "published")
        throw new GloveboxError("state_conflict", { detail: `the dataset is ${state}`, state });
      const of = prepared(this.parts.db, "SELECT dataset FROM versions WHERE id = ?").pluck().get(version);
      if (of !== dataset) throw misuse("a version of another dataset");
      return grant;
    });
  }
}

/** The same asked on other versions is another request. */
function digestOf({ kind, on, request }: ChargeRequest): string {
  const versions = on.map(({ version }) => version).sort();
  const text = canonicalize({ kind, versions, request })!;
  if (text.length > MAX_REQUEST_CHARS)
    throw new GloveboxError("too_large", { detail: "the request is too long" });
  return createHash("sha256").update(text).digest("hex");
}
