/**
 * Whether this domain may still take part: its owner's grant, the spec's limits, and that its data fit the spec.
 *
 * Rules: consent is local, and looked at before every round: a grant that was revoked or has expired, a dataset that is
 * published no more, or columns of other types end this domain's part with the next round.
 */
import type { Catalog, ColumnSchema } from "../../catalog/index.js";
import { columnsOf } from "../../privacy/index.js";
import { type Actor, GloveboxError, invalidInput, type PrincipalId } from "../../vocabulary/index.js";
import type { CollaborationRow } from "../collaborations/rows.js";
import type { CollaborationSpec } from "../collaborations/spec.js";
import type { AnswerRow, SharedStatistic } from "../statistic/shared.js";

type Grant = ReturnType<Catalog["grants"]["row"]>;

/** The operator's grant that names this very spec. @throws no_grant, grant_expired, forbidden, state_conflict */
export function grantFor(
  catalog: Catalog,
  principal: PrincipalId,
  dataset: string,
  spec_sha256: string,
  now: number,
): Grant {
  let missing: unknown;
  for (const access of ["query", "sandbox"] as const) {
    try {
      const grant = catalog.grants.usable({ principal, dataset, access, kind: "aggregate", now });
      if (grant.constraints.collaboration === spec_sha256) return grant;
      missing ??= new GloveboxError("no_grant", { detail: "no grant of its owner names this collaboration" });
    } catch (error) {
      missing ??= error;
    }
  }
  throw missing;
}

/** @throws state_conflict when the data cannot answer what the spec says */
export function mustFit(spec: CollaborationSpec, shown: readonly ColumnSchema[]): void {
  spec.columns.forEach(({ name, type }, i) => {
    const own = shown.find((c) => c.name === name);
    if (own === undefined) throw invalidInput(`columns.${i}`, "is no column that the grant shows");
    if (own.type !== type) throw invalidInput(`columns.${i}`, `is ${own.type} here, and ${type} in the spec`);
  });
}

export interface Contributor {
  catalog: Catalog;
  row: CollaborationRow;
  operator: Actor;
  now: number;
  /** This domain's own secret for the collaboration (noise.ts). */
  salt: string;
}

/** This domain's numbers for a statistic. @throws what `grantFor` and `mustFit` do; state_conflict */
export async function contribute(
  { catalog, row, operator, now, salt }: Contributor,
  statistic: SharedStatistic,
): Promise<bigint[]> {
  if (row.dataset === null) throw new GloveboxError("no_grant", { detail: "no dataset takes part" });
  if (Date.parse(row.spec.expires_at) <= now)
    throw new GloveboxError("grant_expired", { detail: "the collaboration's time is over" });
  const grant = grantFor(catalog, operator.id, row.dataset, row.spec_sha256, now);
  const { current_version } = catalog.datasets.row(row.dataset);
  if (current_version === null) throw new GloveboxError("state_conflict", { detail: "the dataset is empty" });
  const view = { grant, versionId: current_version };
  const shown = catalog.views.columns(view);
  mustFit(row.spec, shown);
  const { rows } = await catalog.views.ask({
    ...view,
    mode: "real",
    question: (stored) => statistic.question(columnsOf(shown), stored, salt),
    maxRows: statistic.maxRows,
  });
  return statistic.contribution(rows as readonly AnswerRow[]);
}
