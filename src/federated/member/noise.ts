/**
 * This domain's share of noise in an attempt, and what it pays for it.
 *
 * Rules: an attempt is charged to the dataset's budget and the grant's share in the very commit that keeps its ciphertexts
 * and says what they are, so nothing of them is out unpaid, and what is said again verbatim is paid once. The charge
 * stands, whatever becomes of the attempt; another attempt has noise of its own, and a charge of its own. Noise is drawn for
 * one attempt, is in no other sum, and is kept only within the ciphertexts.
 */
import { createHmac, randomBytes } from "node:crypto";
import type Database from "better-sqlite3";
import type { ChargeRequest } from "../../catalog/index.js";
import type { JsonObject, Tx } from "../../ledger/index.js";
import { createNoise, decimalUp, drawShare, rhoUnits } from "../../privacy/index.js";
import type { Sealer } from "../../store/index.js";
import type { DatasetId, VersionId } from "../../vocabulary/index.js";
import { formatDecimal, GloveboxError } from "../../vocabulary/index.js";
import { totalUnits } from "../collaborations/privacy.js";
import type { CollaborationRow } from "../collaborations/rows.js";
import type { SharedStatistic, StatisticNoise } from "../statistic/shared.js";
import { type Contributor, grantFor } from "./consent.js";
import type { MemberParts } from "./parts.js";
import type { RoundView } from "./round.js";

const noise = createNoise(randomBytes);

/** Decides which rows of a unit are taken: the same in every round, and known to nobody but this domain. */
export const saltOf = (sealer: Sealer, collaboration: string): string =>
  createHmac("sha256", sealer.derive("federation-rows")).update(collaboration).digest("hex");

/** ρ that this domain was charged in a collaboration, in units of 2^−96. */
export const unitsSpent = (db: Database.Database, collaboration: string): bigint =>
  (
    db
      .prepare("SELECT units FROM round_charges WHERE collaboration = ?")
      .pluck()
      .all(collaboration) as string[]
  ).reduce((sum, units) => sum + BigInt(units), 0n);

export interface NoiseAccount {
  /** ρ, decimal, rounded up, and what is left of the spec's, rounded down. */
  spent_rho: string;
  left_rho: string;
  /** Attempts that were charged. */
  charges: number;
}

/** What this domain spent in a collaboration; undefined where its results are exact. */
export function noiseAccount(
  db: Database.Database,
  { id, spec }: CollaborationRow,
): NoiseAccount | undefined {
  if (spec.privacy === undefined) return undefined;
  const [total, spent] = [totalUnits(spec.privacy), unitsSpent(db, id)];
  const charges = db
    .prepare("SELECT count(*) FROM round_charges WHERE collaboration = ?")
    .pluck()
    .get(id) as number;
  const left = total > spent ? total - spent : 0n;
  return { spent_rho: decimalUp(spent, UNIT), left_rho: decimalDown(left), charges };
}

const UNIT = 1n << 96n;
const SHOWN_DECIMALS = 12n;

function decimalDown(units: bigint): string {
  const whole = (units * 10n ** SHOWN_DECIMALS) / UNIT;
  return formatDecimal({ num: whole, den: 10n ** SHOWN_DECIMALS });
}

/** What this domain paid for an attempt, for its entry of what it put in: others read it in a result's bundle. */
export function paidFor(
  db: Database.Database,
  collaboration: string,
  { round, attempt }: Pick<RoundView, "round" | "attempt">,
): JsonObject {
  const paid = db
    .prepare("SELECT charge, units FROM round_charges WHERE collaboration = ? AND round = ? AND attempt = ?")
    .get(collaboration, round, attempt) as { charge: string; units: string } | undefined;
  return paid === undefined ? {} : { charge: paid.charge, rho: decimalUp(BigInt(paid.units), UNIT) };
}

/** This domain's charges for a round, attempt by attempt. */
export const chargesOfRound = (db: Database.Database, collaboration: string, round: number): string[] =>
  db
    .prepare("SELECT charge FROM round_charges WHERE collaboration = ? AND round = ? ORDER BY attempt")
    .pluck()
    .all(collaboration, round) as string[];

/** The numbers with this domain's share of noise; as they are where the statistic is exact. */
export function withShare({ noise: of }: SharedStatistic, numbers: readonly bigint[]): bigint[] {
  if (of === undefined) return [...numbers];
  const drawn = drawShare(noise, of.variances);
  return numbers.map((x, i) => x + drawn[i]!);
}

export interface Paying {
  contributor: Contributor;
  view: Pick<RoundView, "round" | "attempt" | "question">;
  noise: StatisticNoise;
}

/** Looks whether it can be paid before anything of the attempt is said. @throws budget_exhausted */
export async function requireBudget(db: Database.Database, paying: Paying): Promise<void> {
  const { contributor } = paying;
  const request = requestOf(paying);
  await contributor.catalog.charges.prepare(request);
  requireTotal(db, contributor.row, paying.noise);
  const { fits, rho } = contributor.catalog.charges.price(request);
  if (!fits) throw new GloveboxError("budget_exhausted", { detail: `a round costs ρ ${rho}` });
}

/** Before this domain asks the others: whether it could pay itself. @throws budget_exhausted, and as `grantFor` */
export async function mayOpen(
  { store, keys, catalog, clock, operator }: MemberParts,
  row: CollaborationRow,
  noise: StatisticNoise,
): Promise<void> {
  if (row.dataset === null) return;
  const salt = saltOf(keys.sealer, row.id);
  const contributor = { catalog, row, operator: operator(row.operator), now: clock.now(), salt };
  await requireBudget(store.db, { contributor, view: { round: 0, attempt: 0, question: "" }, noise });
}

/** In the commit that keeps what was drawn. @throws budget_exhausted */
export function pay(tx: Tx, paying: Paying, commitment: string): void {
  const { contributor, view, noise: of } = paying;
  const { catalog, row } = contributor;
  const { round, attempt } = view;
  requireTotal(tx.db, row, of);
  const charge = catalog.charges.charge(tx, requestOf(paying));
  // Of one attempt there is one row: a second charge for it ends the commit.
  tx.db
    .prepare(
      "INSERT INTO round_charges (collaboration, round, attempt, charge, units, at) VALUES (?, ?, ?, ?, ?, ?)",
    )
    .run(row.id, round, attempt, charge.id, String(rhoUnits(of.rho)), tx.now);
  const answer = { collaboration: row.id, round, attempt, commitment };
  catalog.charges.answered(tx, charge.id, Buffer.from(JSON.stringify(answer), "utf8"));
}

/** @throws budget_exhausted */
function requireTotal(db: Database.Database, { id, spec }: CollaborationRow, { rho }: StatisticNoise): void {
  if (spec.privacy === undefined) throw new GloveboxError("internal", { detail: "the spec has no noise" });
  if (unitsSpent(db, id) + rhoUnits(rho) > totalUnits(spec.privacy))
    throw new GloveboxError("budget_exhausted", { detail: "the spec allows all rounds together no more" });
}

/** An attempt is asked once: another one, of the same question too, is another request. */
function requestOf({ contributor, view, noise: of }: Paying): ChargeRequest {
  const { catalog, row, operator, now } = contributor;
  const dataset = row.dataset as DatasetId;
  const grant = grantFor(catalog, operator.id, dataset, row.spec_sha256, now);
  const version = catalog.datasets.row(dataset).current_version as VersionId;
  const { round, attempt, question } = view;
  const place = { collaboration: row.id, round, attempt };
  return {
    principal: operator.id,
    kind: "aggregate",
    on: [{ dataset, version, grant: grant.id }],
    request: { ...place, question },
    cost: of.cost,
    mechanism: { ...of.mechanism, ...place },
  };
}
