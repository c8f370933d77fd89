/** A catalogue over a real store, vault and ledger in a directory of its own, with the people most tests need. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import {
  type Catalog,
  type CatalogParts,
  createCatalog,
  type DatasetInput,
  type Engine,
  type GrantInput,
  type GrantView,
} from "../../src/catalog/index.js";
import { type Ledger, openLedger } from "../../src/ledger/index.js";
import { type Keys, openKeys, openStore, openVault, type Store, type Vault } from "../../src/store/index.js";
import { type Actor, GloveboxError, ManualClock, type Role, rfc3339 } from "../../src/vocabulary/index.js";
import { type EngineDouble, engineDouble } from "./engine-double.js";

export interface People {
  admin: Actor;
  owner: Actor;
  /** Owns other data. */
  otherOwner: Actor;
  researcher: Actor;
  operator: Actor;
  auditor: Actor;
  /** An auditor whom nobody named. */
  stranger: Actor;
}

export interface CatalogFixture<E extends Engine = EngineDouble> extends People {
  dir: string;
  store: Store;
  keys: Keys;
  ledger: Ledger;
  vault: Vault;
  clock: ManualClock;
  engine: E;
  catalog: Catalog;
  end(): void;
}

export type CatalogOptions = Pick<CatalogParts, "maxContentBytes" | "queryPace">;

export const CSV = "id,age,city\na1,61,Wuhan\na2,72,Chengdu\na3,55,Wuhan\n";
export const DAY = 86_400_000;

export function catalogFixture(options?: CatalogOptions): CatalogFixture;
export function catalogFixture<E extends Engine>(
  options: CatalogOptions | undefined,
  engine: E,
): CatalogFixture<E>;
export function catalogFixture(
  options: CatalogOptions = {},
  engine: Engine = engineDouble(),
): CatalogFixture<Engine> {
  const dir = mkdtempSync(join(tmpdir(), "glovebox-catalog-"));
  const store = openStore(join(dir, "data"));
  const keys = openKeys(store.dataDir, { keyFile: join(dir, "key") });
  const clock = new ManualClock(Date.UTC(2026, 10, 24, 8));
  const ledger = openLedger({ store, keys, clock, domain: "hospital-a" });
  const vault = openVault(store.dataDir, keys);
  const catalog = createCatalog({ store, ledger, vault, keys, clock, engine, ...options });
  return {
    dir,
    store,
    keys,
    ledger,
    vault,
    clock,
    engine,
    catalog,
    ...addPeople(catalog),
    end() {
      store.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

function addPeople(catalog: Catalog): People {
  const admin = catalog.principals.byToken(catalog.principals.bootstrapAdmin()!.token)!;
  const add = (name: string, role: Role) => {
    const { token } = catalog.principals.add(admin, { name, roles: [role] });
    return catalog.principals.byToken(token)!;
  };
  return {
    admin,
    owner: add("owner", "owner"),
    otherOwner: add("other-owner", "owner"),
    researcher: add("researcher", "researcher"),
    operator: add("operator", "operator"),
    auditor: add("auditor", "auditor"),
    stranger: add("stranger", "auditor"),
  };
}

export const put = (f: CatalogFixture<Engine>, name: string, content: string = CSV, actor: Actor = f.owner) =>
  f.catalog.datasets.putContent(actor, name, Readable.from([content]), "text/csv");

export const STATES = ["draft", "assessed", "published", "suspended", "retired"] as const;

/** A dataset in the given state, with content, one unit a row by its column `id`, and one named auditor. */
export async function datasetIn(
  f: CatalogFixture<Engine>,
  state: (typeof STATES)[number],
  more: Partial<DatasetInput> = {},
  content: string = CSV,
): Promise<string> {
  const name = more.name ?? `data-${state}`;
  f.catalog.datasets.create(f.owner, { name, unit_column: "id", auditors: ["auditor"], ...more });
  await put(f, name, content);
  if (state !== "draft") f.catalog.datasets.assess(f.owner, name);
  if (state !== "draft" && state !== "assessed") f.catalog.datasets.publish(f.owner, name);
  if (state === "suspended") f.catalog.datasets.suspend(f.owner, name);
  if (state === "retired") f.catalog.datasets.retire(f.owner, name);
  return name;
}

export const grantInput = (
  f: CatalogFixture<Engine>,
  dataset: string,
  more: Partial<GrantInput> = {},
): GrantInput => ({
  principal: "researcher",
  dataset,
  purpose: "mortality by age",
  access: "sandbox",
  expires_at: rfc3339(f.clock.now() + 30 * DAY),
  ...more,
});

export const give = (f: CatalogFixture<Engine>, dataset: string, more: Partial<GrantInput> = {}): GrantView =>
  f.catalog.grants.create(f.owner, grantInput(f, dataset, more));

/** The code of what was thrown, or `ok`. */
export function outcome(act: () => unknown): string {
  try {
    act();
    return "ok";
  } catch (error) {
    if (error instanceof GloveboxError) return error.code;
    throw error;
  }
}

/** The same of a promise. */
export async function outcomeOf(act: Promise<unknown>): Promise<string> {
  try {
    await act;
    return "ok";
  } catch (error) {
    if (error instanceof GloveboxError) return error.code;
    throw error;
  }
}

/** Kinds of the entries about a subject, oldest first. */
export const entriesOf = (f: CatalogFixture<Engine>, subject: string): string[] =>
  f.store.db
    .prepare("SELECT kind FROM ledger_leaves WHERE subject = ? ORDER BY seq")
    .pluck()
    .all(subject) as string[];
