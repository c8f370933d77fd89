/**
 * Principals: who there is, with which roles, tokens and signing keys.
 *
 * Rules: policy.ts. A token is given once, to whoever adds the principal, and kept nowhere; a revoked principal's
 * tokens end in the same transaction, which also tells the rooms that must act (`principal.revoked`).
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import type { Ledger, Tx } from "../../ledger/index.js";
import { type Keys, prepared, type Store, writeDurably } from "../../store/index.js";
import {
  type Actor,
  type Clock,
  GloveboxError,
  invalidInput,
  isId,
  newId,
  type Page,
  type PageRequest,
  type PrincipalId,
  pageOf,
  parseInput,
  parsePage,
  type Role,
  rfc3339,
  SYSTEM_ACTOR,
} from "../../vocabulary/index.js";
import type { NamedPrincipal, Principals } from "../catalog.js";
import { requireRev } from "../revision.js";
import { MAX_KEYS, parsePublicKey, refusePrincipalName, requireRole } from "./policy.js";
import { type PrincipalInput, type PrincipalView, principalInput } from "./schemas.js";
import { hashOf, looksLikeToken, newToken } from "./tokens.js";

interface PrincipalRow {
  id: PrincipalId;
  name: string;
  roles: string;
  created_at: number;
  created_by: string | null;
  revoked_at: number | null;
  rev: number;
}

interface Parts {
  store: Store;
  ledger: Ledger;
  keys: Pick<Keys, "identity" | "retired" | "log">;
  clock: Clock;
}

export const ADMIN_TOKEN_FILE = "admin.token";
const rolesOf = (row: PrincipalRow): Role[] => JSON.parse(row.roles) as Role[];
const noSuch = () => new GloveboxError("not_found", { detail: "no such principal" });

export class PrincipalService implements Principals {
  constructor(private readonly parts: Parts) {}

  private get db() {
    return this.parts.store.db;
  }

  bootstrapAdmin(): { token: string } | undefined {
    if (this.db.prepare("SELECT 1 FROM principals LIMIT 1").get() !== undefined) return undefined;
    const token = newToken();
    const file = join(this.parts.store.dataDir, ADMIN_TOKEN_FILE);
    // The file first: a crash in between leaves a token that opens nothing, and the next start writes another.
    writeDurably(file, `${token}\n`, 0o600);
    try {
      this.parts.ledger.commit((tx) =>
        this.insert(tx, SYSTEM_ACTOR, { name: "admin", roles: ["admin"] }, token),
      );
    } catch (error) {
      rmSync(file, { force: true });
      throw error;
    }
    return { token };
  }

  add(actor: Actor, input: PrincipalInput): { principal: PrincipalView; token: string } {
    requireRole(actor, "admin");
    const parsed = parseInput(principalInput, input);
    refusePrincipalName(parsed.name);
    const key = parsed.public_key === undefined ? undefined : parsePublicKey(parsed.public_key);
    const token = newToken();
    const principal = this.parts.ledger.commit((tx) => {
      const id = this.insert(tx, actor.id, parsed, token);
      if (key !== undefined) this.insertKey(tx, id, key);
      return this.viewOf(this.find(id)!);
    });
    return { principal, token };
  }

  private insert(tx: Tx, by: string, input: { name: string; roles: Role[] }, token: string): PrincipalId {
    const { name, roles } = input;
    if (tx.db.prepare("SELECT 1 FROM principals WHERE name = ? COLLATE NOCASE").get(name) !== undefined)
      throw new GloveboxError("state_conflict", { detail: "a principal of this name exists or existed" });
    const id = newId("principal", tx.now);
    tx.db
      .prepare("INSERT INTO principals (id, name, roles, created_at, created_by) VALUES (?, ?, ?, ?, ?)")
      .run(id, name, JSON.stringify(roles), tx.now, by);
    tx.db
      .prepare("INSERT INTO tokens (sha256, principal, created_at) VALUES (?, ?, ?)")
      .run(hashOf(token), id, tx.now);
    tx.entry({ kind: "principal.added", actor: by, subject: id, data: { name, roles } });
    return id;
  }

  revoke(actor: Actor, nameOrId: string, ifMatch?: number): PrincipalView {
    requireRole(actor, "admin");
    return this.parts.ledger.commit((tx) => {
      const row = this.find(nameOrId);
      if (!row) throw noSuch();
      requireRev(row.rev, ifMatch);
      if (row.revoked_at !== null) throw new GloveboxError("state_conflict", { detail: "already revoked" });
      this.refuseLastAdmin(row);
      tx.db.prepare("UPDATE principals SET revoked_at = ?, rev = rev + 1 WHERE id = ?").run(tx.now, row.id);
      tx.db
        .prepare("UPDATE tokens SET revoked_at = ? WHERE principal = ? AND revoked_at IS NULL")
        .run(tx.now, row.id);
      tx.entry({ kind: "principal.revoked", actor: actor.id, subject: row.id, data: {} });
      tx.event("principal.revoked", row.id, { principal: row.id });
      return this.viewOf(this.find(row.id)!);
    });
  }

  private refuseLastAdmin(row: PrincipalRow): void {
    if (!rolesOf(row).includes("admin")) return;
    const others = this.db
      .prepare("SELECT roles FROM principals WHERE revoked_at IS NULL AND id != ?")
      .pluck()
      .all(row.id) as string[];
    if (!others.some((roles) => (JSON.parse(roles) as Role[]).includes("admin")))
      throw new GloveboxError("state_conflict", { detail: "the last admin cannot be revoked" });
  }

  list(actor: Actor, page: PageRequest = {}): Page<PrincipalView> {
    requireRole(actor, "admin", "owner");
    const { limit, cursor } = parsePage(page);
    const rows = this.db
      .prepare("SELECT * FROM principals WHERE id > ? ORDER BY id LIMIT ?")
      .all(cursor ?? "", limit + 1) as PrincipalRow[];
    return pageOf(rows, limit, (row) => this.viewOf(row));
  }

  view(actor: Actor, nameOrId: string): PrincipalView {
    const row = this.find(nameOrId);
    if (row?.id !== actor.id) requireRole(actor, "admin", "owner");
    if (!row) throw noSuch();
    return this.viewOf(row);
  }

  byToken(token: string): Actor | undefined {
    if (!looksLikeToken(token)) return undefined;
    const row = prepared(
      this.db,
      `SELECT p.* FROM tokens t JOIN principals p ON p.id = t.principal
         WHERE t.sha256 = ? AND t.revoked_at IS NULL AND p.revoked_at IS NULL`,
    ).get(hashOf(token)) as PrincipalRow | undefined;
    return row && { id: row.id, name: row.name, roles: rolesOf(row) };
  }

  resolve(nameOrId: string): Actor {
    const row = this.find(nameOrId);
    if (!row || row.revoked_at !== null) throw noSuch();
    return { id: row.id, name: row.name, roles: rolesOf(row) };
  }

  named(id: string): NamedPrincipal | undefined {
    const row = this.find(id);
    return row && { id: row.id, name: row.name, roles: rolesOf(row), revoked: row.revoked_at !== null };
  }

  setKey(actor: Actor, publicKey: string): PrincipalView {
    const key = parsePublicKey(publicKey);
    return this.parts.ledger.commit((tx) => {
      const known = this.keys(actor.id);
      if (!known.includes(key)) {
        if (known.length >= MAX_KEYS)
          throw new GloveboxError("state_conflict", { detail: `a principal has at most ${MAX_KEYS} keys` });
        this.insertKey(tx, actor.id, key);
        tx.db.prepare("UPDATE principals SET rev = rev + 1 WHERE id = ?").run(actor.id);
      }
      return this.viewOf(this.find(actor.id)!);
    });
  }

  private insertKey(tx: Tx, principal: PrincipalId, key: string): void {
    const taken = tx.db.prepare("SELECT 1 FROM reviewer_keys WHERE public_key = ?").get(key) !== undefined;
    const { identity, retired, log } = this.parts.keys;
    if (taken || [identity, log, ...retired].some((own) => own.publicKey === key))
      throw invalidInput("public_key", "belongs to another");
    tx.db
      .prepare("INSERT INTO reviewer_keys (principal, public_key, added_at) VALUES (?, ?, ?)")
      .run(principal, key, tx.now);
    tx.entry({
      kind: "principal.key_added",
      actor: principal,
      subject: principal,
      data: { public_key: key },
    });
  }

  keys(principal: PrincipalId): string[] {
    return this.db
      .prepare("SELECT public_key FROM reviewer_keys WHERE principal = ? ORDER BY added_at, rowid")
      .pluck()
      .all(principal) as string[];
  }

  private find(nameOrId: string): PrincipalRow | undefined {
    const column = isId("principal", nameOrId) ? "id" : "name";
    return prepared(this.db, `SELECT * FROM principals WHERE ${column} = ?`).get(nameOrId) as
      | PrincipalRow
      | undefined;
  }

  private viewOf(row: PrincipalRow): PrincipalView {
    return {
      id: row.id,
      name: row.name,
      roles: rolesOf(row),
      public_keys: this.keys(row.id),
      created_at: rfc3339(row.created_at),
      ...(row.revoked_at === null ? {} : { revoked_at: rfc3339(row.revoked_at) }),
      rev: row.rev,
    };
  }
}
