/**
 * The exact numbers of a plan, from the engine. They go to the noise and nowhere else.
 *
 * Private groups can be many: they are fetched in parts by a hash of their values, each within what an engine may
 * answer, so that their number decides nothing but how long this takes.
 */

import {
  type Cell,
  cellSteps,
  type EmittedQuery,
  type EngineRow,
  emitExacts,
  emitLeaves,
  type Part,
  type Plan,
} from "../../privacy/index.js";
import type { Vault } from "../../store/index.js";
import { GloveboxError } from "../../vocabulary/index.js";
import type { VersionRow } from "../datasets/rows.js";
import type { Engine, OpenableVersion } from "../engine/index.js";
import { inSlices } from "./slices.js";

interface Parts {
  engine: Engine;
  vault: Vault;
}

const MAX_ROWS = 500_000;
/** Of private groups, whose texts may be long. */
const MAX_PRIVATE_ROWS = 20_000;
const MAX_PARTS = 4096;

export const openable = (vault: Vault, versions: readonly VersionRow[]): OpenableVersion[] =>
  versions.map(({ object }) => ({ key: object, parquet: () => vault.get(object) }));

export async function exactCells(parts: Parts, versions: readonly VersionRow[], plan: Plan): Promise<Cell[]> {
  const [version, ...others] = openable(parts.vault, versions);
  const ask = async ({ sql, parameters }: EmittedQuery, maxRows = MAX_ROWS): Promise<EngineRow[]> => {
    const input = { version: version as OpenableVersion, others, sql, parameters, maxRows, planned: true };
    return (await parts.engine.query(input)).rows;
  };
  const rows = plan.hasPrivateGroups
    ? await inParts((part) => ask(emitExacts(plan, part), MAX_PRIVATE_ROWS))
    : plan.exacts.length > 0
      ? await ask(emitExacts(plan))
      : [];
  const leaves: EngineRow[][] = [];
  for (const bisection of plan.bisections) leaves.push(await ask(emitLeaves(plan, bisection)));
  return inSlices(cellSteps(plan, rows, leaves));
}

async function inParts(ask: (part?: Part) => Promise<EngineRow[]>): Promise<EngineRow[]> {
  for (let of = 1; of <= MAX_PARTS; of *= 16) {
    try {
      const all: EngineRow[] = [];
      for (let rest = 0; rest < of; rest++)
        for (const row of await ask(of === 1 ? undefined : { of, rest })) all.push(row);
      return all;
    } catch (error) {
      if (!(error instanceof GloveboxError) || error.code !== "too_large") throw error;
    }
  }
  throw new GloveboxError("internal", { detail: "more groups than can be fetched" });
}
