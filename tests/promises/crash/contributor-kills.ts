/** A domain that takes part in rounds with noise is killed again and again; after each life it is looked at what it paid. */
import { spawn } from "node:child_process";
import { createHash, generateKeyPairSync } from "node:crypto";
import { join } from "node:path";
import { expect } from "@jest/globals";
import { fromText } from "../../../src/catalog/budgets/amounts.js";
import { insertCollaboration, lastRound } from "../../../src/federated/collaborations/rows.js";
import {
  type CollaborationSpec,
  specSha256,
  spokenColumns,
} from "../../../src/federated/collaborations/spec.js";
import { secretOf } from "../../../src/federated/member/secrets.js";
import { auditLedger } from "../../../src/ledger/index.js";
import {
  addCurves,
  claimFromWritten,
  type RenyiCurve,
  writtenClaim,
  ZERO_CURVE,
} from "../../../src/privacy/index.js";
import { openKeys, openStore } from "../../../src/store/index.js";
import { type GrantId, newId } from "../../../src/vocabulary/index.js";
import { type CatalogFixture, catalogFixture, datasetIn, give } from "../../catalog/fixture.js";

export const INSTANTS = [
  "before the numbers are asked",
  "in the transaction",
  "after the commit",
  "before it is posted",
] as const;

export class Contributor {
  /** Hash of what was said of each round's numbers: it is never said otherwise. */
  private readonly said = new Map<number, string>();
  private pem = "";
  id = "";

  private constructor(
    private readonly fixture: CatalogFixture,
    private readonly scopes: string[],
  ) {}

  static async start(): Promise<Contributor> {
    const fixture = catalogFixture();
    // The child's clock is the machine's.
    fixture.clock.advance(Math.max(0, Date.now() - fixture.clock.now()));
    const budget = { rho: "10", delta: "1e-6" };
    const name = await datasetIn(fixture, "published", { budget });
    const { privateKey, publicKey } = generateKeyPairSync("ed25519");
    const other = publicKey.export({ format: "der", type: "spki" }).subarray(-32).toString("base64");
    const spec: CollaborationSpec = {
      version: 1,
      name: "cities",
      purpose: "how many live where",
      coordinator: other,
      participants: [
        { name: "other", key: other },
        { name: "me", key: fixture.keys.identity.publicKey },
      ],
      recipients: ["other"],
      columns: [{ name: "city", type: "text", categories: ["Wuhan", "Chengdu"] }],
      max_rows: 1_000,
      threshold: 10,
      max_rounds: 1_000,
      expires_at: "2100-01-01T00:00:00Z",
      privacy: { rows_per_unit: 1, epsilon: "1", delta: "1e-6", rho: "9" },
    };
    const hash = specSha256(spec);
    const { current_version, id: dataset } = fixture.catalog.datasets.row(name);
    const grant = give(fixture, name, {
      ...budget,
      principal: "operator",
      access: "query",
      job_kinds: ["aggregate"],
      constraints: { collaboration: hash },
      signal_bits: 0,
    });
    await fixture.catalog.charges.prepare({
      on: [{ dataset, version: current_version!, grant: grant.id as GrantId }],
    });
    const made = new Contributor(fixture, [dataset, grant.id]);
    made.pem = Buffer.from(privateKey.export({ format: "pem", type: "pkcs8" })).toString("base64");
    made.id = newId("collaboration", fixture.clock.now());
    fixture.ledger.commit((tx) => {
      insertCollaboration(tx, {
        id: made.id,
        spec,
        spec_sha256: hash,
        url: "http://localhost:1",
        state: "active",
        operator: fixture.operator.id,
        dataset,
        grant_id: grant.id,
        created_at: tx.now,
        rev: 1,
      });
      const written = writtenClaim.parse({ kind: "table", rows: ["city"] });
      const { statistic } = claimFromWritten(written, "cities", spokenColumns(spec), "statistic");
      tx.db
        .prepare("INSERT INTO meta (key, value) VALUES ('test.statistic', ?)")
        .run(JSON.stringify(statistic));
      tx.entry({ kind: "collaboration.joined", actor: fixture.operator.id, subject: made.id, data: {} });
    });
    fixture.store.close();
    return made;
  }

  end(): void {
    this.fixture.end();
  }

  /** One life, with so many rounds of its own beside what died before. @returns whether it was killed */
  async live(rounds: number, instant: string, time: number): Promise<boolean> {
    const child = spawn(
      process.execPath,
      [
        join(import.meta.dirname, "contributor.child.mjs"),
        this.fixture.store.dataDir,
        join(this.fixture.dir, "key"),
        ...[this.id, this.pem, String(rounds), instant, String(time)],
      ],
      { stdio: ["ignore", "ignore", "pipe"] },
    );
    let errors = "";
    child.stderr.on("data", (chunk: Buffer) => {
      errors += chunk.toString();
    });
    const { code, signal } = await new Promise<{ code: number | null; signal: string | null }>((resolve) =>
      child.on("close", (code, signal) => resolve({ code, signal })),
    );
    if (signal !== "SIGKILL" && code !== 0) throw new Error(`the contributor failed: ${errors}`);
    return signal === "SIGKILL";
  }

  /** What must hold whenever it died. @returns rounds whose numbers were said */
  holds(): number {
    const store = openStore(this.fixture.store.dataDir);
    const keys = openKeys(this.fixture.store.dataDir, { keyFile: join(this.fixture.dir, "key") });
    try {
      const commits = store.db
        .prepare(
          "SELECT round, attempt, signed FROM board_messages WHERE kind = 'data_commit' ORDER BY round",
        )
        .all() as { round: number; attempt: number; signed: string }[];
      const paid = store.db
        .prepare("SELECT round, attempt, charge FROM round_charges ORDER BY round")
        .all() as { round: number; attempt: number; charge: string }[];
      // Whose numbers were said has paid, once; who paid has said them, and keeps what was drawn.
      expect(paid.map(({ round, attempt }) => [round, attempt])).toEqual(
        commits.map(({ round, attempt }) => [round, attempt]),
      );
      expect(new Set(paid.map(({ charge }) => charge)).size).toBe(paid.length);
      for (const { round, attempt, signed } of commits) {
        const hash = createHash("sha256").update(signed).digest("hex");
        expect([round, this.said.get(round) ?? hash]).toEqual([round, hash]);
        this.said.set(round, hash);
        const secret = secretOf(store.db, keys.sealer, { collaboration: this.id, round, attempt });
        for (const sha256 of secret!.data_blobs!)
          expect(store.db.prepare("SELECT 1 FROM board_blobs WHERE sha256 = ?").get(sha256)).toBeDefined();
      }
      const charges = store.db.prepare("SELECT curve, delta FROM charges").all() as {
        curve: string;
        delta: string;
      }[];
      expect(charges).toHaveLength(paid.length);
      const sum = charges.reduce<RenyiCurve>((all, row) => addCurves(all, fromText(row)), ZERO_CURVE);
      for (const scope of paid.length === 0 ? [] : this.scopes) {
        const kept = store.db.prepare("SELECT curve, delta FROM spendings WHERE scope = ?").get(scope);
        expect(fromText(kept as { curve: string; delta: string }).values).toEqual(sum.values);
      }
      const made = store.db
        .prepare("SELECT count(*) FROM ledger_leaves WHERE kind = 'charge.made'")
        .pluck()
        .get();
      expect(made).toBe(paid.length);
      return paid.length;
    } finally {
      store.close();
    }
  }

  /** Rounds that there are. */
  opened(): number {
    const store = openStore(this.fixture.store.dataDir);
    try {
      return lastRound(store.db, this.id);
    } finally {
      store.close();
    }
  }

  /** At last the log is whole. */
  audit(): void {
    const store = openStore(this.fixture.store.dataDir);
    const keys = openKeys(this.fixture.store.dataDir, { keyFile: join(this.fixture.dir, "key") });
    expect(auditLedger(store, keys, [])).toMatchObject({ ok: true, problems: [] });
    store.close();
  }
}
