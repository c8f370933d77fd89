/**
 * Takes a backup of a node, running or not, without its wrapping key and without a lock. The database is copied
 * as it stands at one moment; then the objects that this copy names, which never change once they are there. An
 * object that the node deletes before it was copied is no longer named: then the database is copied once more,
 * and what that names and is not yet there.
 */
import { createHash } from "node:crypto";
import { createReadStream, existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { Readable } from "node:stream";
import Database from "better-sqlite3";
import { type Clock, GloveboxError, rfc3339 } from "../../vocabulary/index.js";
import { DATABASE_FILE, openStore, type Store } from "../db.js";
import { RING_FILE } from "../keys.js";
import { schemaVersion } from "../migrate.js";
import { isNamed, namedObjects } from "../references.js";
import { objectPath } from "../vault.js";
import { FORMAT, MANIFEST_FILE, type Manifest, objectName, SUMS_FILE, Summing, writeSums } from "./form.js";
import { type BackupWriter, openWriter } from "./places.js";

export interface BackupOptions {
  dataDir: string;
  /** A folder that is not there or empty, or the name of a file that ends in `.tar`. */
  target: string;
  clock: Clock;
  onProgress?(done: number, of: number): void;
}

/** The node's sweep can come between this often before the backup gives up; each time there is less to copy. */
const MAX_ROUNDS = 8;
const ALL_PAGES = 2 ** 31 - 1;

/** @throws not_found, state_conflict when the target is taken. */
export async function takeBackup(options: BackupOptions): Promise<Manifest> {
  const dataDir = resolve(options.dataDir);
  const store = openStore(dataDir, { readonly: true });
  try {
    requireApart(dataDir, resolve(options.target));
    const writer = openWriter(options.target);
    let scratch: string | undefined;
    try {
      const parent = dirname(resolve(options.target));
      mkdirSync(parent, { recursive: true });
      scratch = mkdtempSync(join(parent, ".glovebox-backup-"));
      return await new Taking(store, writer, scratch, options).run();
    } catch (error) {
      await writer.abandon();
      throw error;
    } finally {
      if (scratch !== undefined) rmSync(scratch, { recursive: true, force: true });
    }
  } finally {
    store.close();
  }
}

function requireApart(dataDir: string, target: string): void {
  if (`${target}/`.startsWith(`${dataDir}/`))
    throw new GloveboxError("state_conflict", {
      detail: "a backup must lie outside the node's data directory",
    });
}

class Taking {
  private readonly sums = new Map<string, string>();
  private readonly snapshot: string;
  private objectBytes = 0;

  constructor(
    private readonly store: Store,
    private readonly writer: BackupWriter,
    scratch: string,
    private readonly options: BackupOptions,
  ) {
    this.snapshot = join(scratch, DATABASE_FILE);
  }

  async run(): Promise<Manifest> {
    const { schema, missing } = await this.copyObjects();
    await this.addFile(DATABASE_FILE, this.snapshot);
    await this.addFile(RING_FILE, join(this.store.dataDir, RING_FILE));
    const sums = Buffer.from(writeSums(this.sums));
    await this.writer.add(SUMS_FILE, sums.length, Readable.from([sums]));
    const manifest: Manifest = {
      format: FORMAT,
      taken_at: rfc3339(this.options.clock.now()),
      schema,
      objects: this.sums.size - 2,
      object_bytes: this.objectBytes,
      missing,
      wrapping_key: "not included",
      sums_sha256: createHash("sha256").update(sums).digest("hex"),
    };
    const text = Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`);
    await this.writer.add(MANIFEST_FILE, text.length, Readable.from([text]));
    await this.writer.finish();
    return manifest;
  }

  private async copyObjects(): Promise<{ schema: number; missing: string[] }> {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const { schema, named } = await this.copyDatabase();
      const missing: string[] = [];
      let outdated = false;
      let done = 0;
      for (const object of named) {
        this.options.onProgress?.(++done, named.length);
        if (this.sums.has(objectName(object)) || (await this.addObject(object))) continue;
        if (isNamed(this.store.db, object)) missing.push(object);
        else outdated = true;
      }
      if (!outdated) return { schema, missing };
    }
    throw new GloveboxError("state_conflict", {
      detail: "the node deleted objects faster than they were copied",
    });
  }

  private async copyDatabase(): Promise<{ schema: number; named: string[] }> {
    rmSync(this.snapshot, { force: true });
    await this.store.db.backup(this.snapshot, { progress: () => ALL_PAGES });
    const copy = new Database(this.snapshot);
    try {
      // One file, that can be opened where nothing may be written.
      copy.pragma("journal_mode = DELETE");
      return { schema: schemaVersion(copy), named: [...namedObjects(copy).keys()].sort() };
    } finally {
      copy.close();
    }
  }

  private async addObject(object: string): Promise<boolean> {
    const path = objectPath(this.store.dataDir, object);
    if (!existsSync(path)) return false;
    try {
      this.objectBytes += await this.addFile(objectName(object), path);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT" && !existsSync(path)) return false;
      throw error;
    }
  }

  private async addFile(name: string, path: string): Promise<number> {
    const { size } = statSync(path);
    const sum = new Summing();
    const file = createReadStream(path);
    file.once("error", (error) => sum.destroy(error));
    await this.writer.add(name, size, file.pipe(sum));
    this.sums.set(name, sum.sha256());
    return size;
  }
}
