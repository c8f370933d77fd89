/**
 * What a test sees of a node from beside it, while it works and after it was killed: its database (read only), its
 * containers, its mounts and its processes. Nothing here changes the node or waits for its consent.
 */
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { dockerCall } from "../../scripts/setup/docker-http.mjs";
import { type AuditReport, auditLedger } from "../../src/ledger/index.js";
import { defaultStagingRoot } from "../../src/sandbox/index.js";
import { openKeys, openStore, openVault, type Store, type Vault } from "../../src/store/index.js";
import { sharedEngine } from "./engine.js";
import { until } from "./processes.js";

export interface RunSeen {
  id: string;
  fence: number;
  state: string;
}
export interface OutputSeen {
  id: string;
  run: string;
  name: string;
  object: string | null;
  raw_object: string | null;
  verdict: string | null;
}

/** Every column that names an object of the vault. */
const NAMED = [
  ["outputs", "object"],
  ["outputs", "raw_object"],
  ["versions", "object"],
  ["datasets", "unit_index_object"],
  ["views", "object"],
  ["version_sketches", "object"],
  ["jobs", "code_object"],
  ["releases", "bundle_object"],
  ["dropped_objects", "object"],
] as const;

const REACH_WITHIN_MS = 90_000;

export class Witness {
  private readonly store: Store;

  constructor(readonly dataDir: string) {
    this.store = openStore(dataDir, { readonly: true });
  }

  close(): void {
    this.store.close();
  }

  rows<T>(sql: string, ...values: (string | number)[]): T[] {
    return this.store.db.prepare(sql).all(...values) as T[];
  }

  private value<T>(sql: string, ...values: string[]): T {
    return this.store.db
      .prepare(sql)
      .pluck()
      .get(...values) as T;
  }

  jobState = (job: string): string => this.value("SELECT state FROM jobs WHERE id = ?", job);
  releaseState = (release: string): string => this.value("SELECT state FROM releases WHERE id = ?", release);
  count = (sql: string, ...values: string[]): number => this.value(`SELECT count(*) FROM ${sql}`, ...values);

  runs = (job: string): RunSeen[] =>
    this.rows("SELECT id, fence, state FROM runs WHERE job = ? ORDER BY fence", job);

  /** State of the job's newest run, and how many files control holds of it. */
  newestRun(job: string): { state: string; uploaded: number } {
    const run = this.runs(job).at(-1);
    if (!run) return { state: "none", uploaded: 0 };
    return { state: run.state, uploaded: this.count("outputs WHERE run = ?", run.id) };
  }

  outputs = (job: string): OutputSeen[] =>
    this.rows(
      "SELECT id, run, name, object, raw_object, verdict FROM outputs WHERE job = ? ORDER BY name",
      job,
    );

  /** Charges of the job's signals, in bits. */
  charges = (job: string): number[] =>
    this.rows<{ bits: number }>("SELECT bits FROM signal_charges WHERE job = ?", job).map(({ bits }) => bits);

  /** How often each kind of entry stands in the ledger for a subject. */
  entries(subject: string): Record<string, number> {
    const rows = this.rows<{ kind: string; n: number }>(
      "SELECT kind, count(*) AS n FROM ledger_leaves WHERE subject = ? GROUP BY kind",
      subject,
    );
    return Object.fromEntries(rows.map(({ kind, n }) => [kind, n]));
  }

  /** Resolves in the millisecond in which something is so; the caller then acts without another look. */
  async reach(what: string, so: () => boolean): Promise<void> {
    const deadline = Date.now() + REACH_WITHIN_MS;
    while (!so()) {
      if (Date.now() > deadline) throw new Error(`waited in vain for: ${what}`);
      await delay(1);
    }
  }

  /**
   * A job that is caught in a passing state. One that was held before anyone looked was too quick: another is tried.
   * The caller acts without another look, and may still come too late for it.
   */
  async catchJob(what: string, submit: () => Promise<string>, so: (job: string) => boolean): Promise<string> {
    for (let tries = 0; tries < 10; tries++) {
      const job = await submit();
      let caught = false;
      await this.reach(what, () => {
        caught = so(job);
        return caught || this.jobState(job) === "held";
      });
      if (caught) return job;
    }
    throw new Error(`ten jobs were too quick for: ${what}`);
  }

  /** Recomputes the whole log; `earlier` are checkpoints that clients took away. */
  audit(earlier: readonly string[]): AuditReport {
    return auditLedger(this.store, openKeys(this.dataDir), earlier);
  }

  /** Objects that the database names and the vault cannot give whole. */
  async unreadable(): Promise<string[]> {
    const vault = this.vault();
    const named = this.rows<{ object: string }>(
      NAMED.filter(([table]) => table !== "dropped_objects")
        .map(([table, column]) => `SELECT ${column} AS object FROM ${table} WHERE ${column} IS NOT NULL`)
        .join(" UNION "),
    );
    const broken: string[] = [];
    for (const { object } of named) {
      try {
        for await (const _ of vault.get(object));
      } catch {
        broken.push(object);
      }
    }
    return broken;
  }

  /** Objects in the vault that nothing names, and that are not noted as to be deleted. */
  unnamed(): string[] {
    const named = new Set(
      this.rows<{ object: string }>(
        NAMED.map(([table, column]) => `SELECT ${column} AS object FROM ${table}`).join(" UNION "),
      ).map(({ object }) => object),
    );
    return [...this.vault().list()].filter((object) => !named.has(object));
  }

  private vault = (): Vault => openVault(this.dataDir, openKeys(this.dataDir), { readonly: true });

  /** Containers of this node's runs, whatever their state. */
  async containers(): Promise<string[]> {
    const { socketPath } = await sharedEngine();
    const own = new Set(this.rows<{ id: string }>("SELECT id FROM runs").map(({ id }) => id));
    const all: { Id: string; Labels: Record<string, string> }[] = JSON.parse(
      await dockerCall(socketPath, "GET", "/containers/json?all=1"),
    );
    return all.flatMap(({ Id, Labels }) =>
      Object.values(Labels).some((label) => own.has(label)) ? [Id] : [],
    );
  }

  /** Nothing of any run is on the machine any more: no container, and no mount but the base of each live process. */
  async nothingLeft(pids: readonly number[]): Promise<void> {
    await until(async () => (await this.containers()).length === 0, "the node's containers to be removed");
    await until(() => strayMounts(pids).length === 0, "the node's mounts to be gone").catch((cause) => {
      throw new Error(`mounts are left over: ${strayMounts(pids).join(" ")}`, { cause });
    });
  }
}

/** Staging mounts of these processes: all of a dead one, and of a live one those within its base. */
function strayMounts(pids: readonly number[]): string[] {
  const root = `${defaultStagingRoot()}/`;
  return readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .map((line) => line.split(" ")[4] ?? "")
    .filter((path) => path.startsWith(root))
    .filter((path) => {
      const [base = "", ...inner] = path.slice(root.length).split("/");
      const pid = Number(base.split("-")[0]);
      return pids.includes(pid) && (inner.length > 0 || !readable(`/proc/${pid}/stat`));
    });
}

function readable(file: string): boolean {
  try {
    readFileSync(file);
    return true;
  } catch {
    return false;
  }
}

/** A process and all it has started that still descends from it. */
export function descendants(pid: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, "utf8");
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]));
    } catch {
      // It ended meanwhile.
    }
  }
  const found: number[] = [];
  for (let last = [pid]; last.length > 0; ) {
    found.push(...last);
    last = [...parents].filter(([, parent]) => last.includes(parent)).map(([child]) => child);
  }
  return found;
}
