/**
 * Plans of statements that someone has asked before, so that asking again with another ε, or after a quote, is not read
 * anew.
 *
 * Rules: a plan follows from its text and from what the owners declared, so it is known by both, to the letter. It is
 * each asker's own: whether a quote came quickly must not tell what others ask. What was refused is refused anew.
 */
import { createHash } from "node:crypto";
import { type DeclaredTable, type Plan, planOf } from "../../privacy/index.js";
import type { PrincipalId } from "../../vocabulary/index.js";

export interface KnownPlan {
  plan: Plan;
  /** Equal plans have equal digests: a plan is made in one order, and its numbers are exact. */
  digest: string;
}

export interface Asked {
  by: PrincipalId;
  sql: string;
  tables: readonly DeclaredTable[];
}

/** Together at most some 30 MB. */
const KEPT = 128;
const MOST_CHARS = 256 * 1024;

export class Plans {
  /** In the order of their last use, oldest first. */
  private readonly known = new Map<string, KnownPlan>();

  constructor(private readonly parse: (sql: string) => Promise<string>) {}

  /** @throws invalid_input, query_unsupported */
  async of(asked: Asked): Promise<KnownPlan> {
    const key = sha256(JSON.stringify([asked.by, asked.sql, asked.tables]));
    const before = this.known.get(key);
    if (before) {
      this.known.delete(key);
      this.known.set(key, before);
      return before;
    }
    const plan = await planOf(asked.sql, this.parse, asked.tables);
    const text = JSON.stringify(plan, (_, value: unknown) =>
      typeof value === "bigint" ? `${value}n` : value,
    );
    const made = { plan, digest: sha256(text) };
    if (text.length <= MOST_CHARS) this.keep(key, made);
    return made;
  }

  private keep(key: string, made: KnownPlan): void {
    if (this.known.size >= KEPT) this.known.delete(this.known.keys().next().value as string);
    this.known.set(key, made);
  }
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
