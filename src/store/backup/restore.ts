/**
 * Makes a node's data directory from a backup. Everything is written into a folder of its own inside the target
 * and verified there; only then does it move to its places, the database last. Refused: a target that holds
 * anything. With the wrapping key at hand every object is opened from end to end; without it the sums are all that
 * can be compared, and the report says so.
 */
import {
  createWriteStream,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { GloveboxError } from "../../vocabulary/index.js";
import { DATABASE_FILE, openStore, type Store } from "../db.js";
import { syncDirectory } from "../durable.js";
import { type Keys, locateKeyFile, openKeys, RING_FILE } from "../keys.js";
import { lockDirectory } from "../lock.js";
import { type ScrubReport, scrub } from "../scrub.js";
import { openVault } from "../vault.js";
import {
  MANIFEST_FILE,
  MAX_MANIFEST_BYTES,
  MAX_SUMS_BYTES,
  type Manifest,
  notABackup,
  readManifest,
  readSums,
  SUMS_FILE,
  Summing,
} from "./form.js";
import { readEntries } from "./places.js";

export interface RestoreOptions<A> {
  source: string;
  target: string;
  /** Where the wrapping key is; else the places where a node at `target` would look. */
  keyFile?: string;
  /** Puts what there is in place even when some of it is damaged. */
  keepDamaged?: boolean;
  /** The ledger's own check, which belongs to another room. */
  audit(store: Store, keys: Keys): { ok: boolean } & A;
  onProgress?(done: number, of: number): void;
}

export interface RestoreReport<A> {
  ok: boolean;
  /** Whether the data directory is in place. */
  restored: boolean;
  manifest: Manifest;
  /** Files of the backup that are not those that were backed up. */
  changed: string[];
  /** Undefined where the wrapping key was not at hand. */
  opened?: { scrub: ScrubReport; ledger: A };
}

const DRAFT = ".restoring";
/** What may be in a target: the lock, and what a new file system brings. */
const HARMLESS = new Set(["node.lock", "node.pid", "lost+found"]);

/** @throws not_found, state_conflict */
export async function restoreBackup<A>(options: RestoreOptions<A>): Promise<RestoreReport<A>> {
  const target = resolve(options.target);
  mkdirSync(target, { recursive: true, mode: 0o700 });
  if (readdirSync(target).some((name) => !HARMLESS.has(name)))
    throw new GloveboxError("state_conflict", {
      detail: `${target} is not empty; restore into a new folder`,
    });
  const lock = lockDirectory(target);
  const draft = join(target, DRAFT);
  try {
    const { manifest, changed } = await unpack(options.source, draft);
    const legible = ![SUMS_FILE, DATABASE_FILE, RING_FILE].some((name) => changed.includes(name));
    const opened = legible ? await openAll(draft, target, options) : undefined;
    const ok =
      changed.length === 0 &&
      manifest.missing.length === 0 &&
      (opened === undefined || (opened.scrub.ok && opened.ledger.ok));
    const restored = ok || options.keepDamaged === true;
    if (restored) putInPlace(draft, target);
    return { ok, restored, manifest, changed, ...(opened === undefined ? {} : { opened }) };
  } finally {
    rmSync(draft, { recursive: true, force: true });
    lock.release();
  }
}

/** Writes all files below `draft`; says which are not as the sums have it. */
async function unpack(source: string, draft: string): Promise<{ manifest: Manifest; changed: string[] }> {
  mkdirSync(join(draft, "vault"), { recursive: true, mode: 0o700 });
  const found = new Map<string, string>();
  for await (const { name, open } of readEntries(source)) {
    const path = join(draft, name);
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const sum = new Summing();
    await pipeline(open(), sum, createWriteStream(path, { flags: "wx", mode: 0o600, flush: true }));
    if (sum.bytes > limitOf(name)) throw notABackup(`${name} is too long`);
    found.set(name, sum.sha256());
  }
  const missing = [MANIFEST_FILE, SUMS_FILE, DATABASE_FILE, RING_FILE].find((name) => !found.has(name));
  if (missing !== undefined)
    throw notABackup(`it has no ${missing}; it was not finished, or was taken apart`);
  const manifest = readManifest(readFileSync(join(draft, MANIFEST_FILE), "utf8"));
  const sums = readSums(readFileSync(join(draft, SUMS_FILE), "utf8"));
  return { manifest, changed: differences(found, sums, manifest) };
}

const LIMITS: Readonly<Record<string, number>> = {
  [MANIFEST_FILE]: MAX_MANIFEST_BYTES,
  [SUMS_FILE]: MAX_SUMS_BYTES,
};
const limitOf = (name: string): number => LIMITS[name] ?? Number.POSITIVE_INFINITY;

function differences(found: Map<string, string>, sums: Map<string, string>, manifest: Manifest): string[] {
  const own = new Set([MANIFEST_FILE, SUMS_FILE]);
  const changed = [...sums].filter(([name, sha256]) => found.get(name) !== sha256).map(([name]) => name);
  const added = [...found.keys()].filter((name) => !own.has(name) && !sums.has(name));
  return [...(found.get(SUMS_FILE) === manifest.sums_sha256 ? [] : [SUMS_FILE]), ...changed, ...added];
}

async function openAll<A>(draft: string, target: string, options: RestoreOptions<A>) {
  const keyFile = locateKeyFile(target, options.keyFile);
  if (!existsSync(keyFile)) {
    if (options.keyFile === undefined) return undefined;
    throw new GloveboxError("not_found", { detail: `there is no key file at ${keyFile}` });
  }
  const store = openStore(draft, { readonly: true });
  try {
    const keys = openKeys(draft, { keyFile });
    const vault = openVault(draft, keys, { readonly: true });
    const report = await scrub({ store, vault, unnamedBefore: 0, onProgress: options.onProgress });
    return { scrub: report, ledger: options.audit(store, keys) };
  } finally {
    store.close();
  }
}

/** The database last: without it there is no node here. */
function putInPlace(draft: string, target: string): void {
  const vault = join(draft, "vault");
  for (const folder of [...readdirSync(vault).map((name) => join(vault, name)), vault]) syncDirectory(folder);
  for (const name of ["vault", RING_FILE, DATABASE_FILE]) renameSync(join(draft, name), join(target, name));
  syncDirectory(target);
}
