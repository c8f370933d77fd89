/**
 * What a spec says of noise, and the terms on which one round is asked. Pure.
 *
 * Rules: where a spec speaks of privacy every round has noise, and states the ε and δ of its answer within what the spec
 * allows. The honest minimum is below the number of contributors: whoever learns a result knows its own share of the noise,
 * and takes it off. With noise two domains are enough; exact results have at least three.
 */
import { z } from "zod";
import { rhoUnits, rhoWithin, termsOf } from "../../privacy/index.js";
import { compareRational, invalidInput, parseDecimal, type Rational } from "../../vocabulary/index.js";

const decimal = z
  .string()
  .max(64)
  .regex(/^\d{1,32}(\.\d{1,32})?([eE][+-]?\d{1,3})?$/, "must be a decimal, such as 0.5 or 1e-6");

export const MAX_UNIT_ROWS = 10_000;

export const privacySpec = z
  .strictObject({
    rows_per_unit: z
      .int()
      .min(1)
      .max(MAX_UNIT_ROWS)
      .describe("So many rows of a person (unit) are taken in each domain, no more"),
    epsilon: decimal.describe("The most that one round may cost"),
    delta: decimal.describe("At which δ the ε of a round is stated, at most"),
    rho: decimal.describe("The most that all rounds together may cost a domain, in ρ of zCDP"),
    honest: z
      .int()
      .min(1)
      .max(49)
      .optional()
      .describe("The noise of so many contributors is enough; all but one of the fewest that contribute"),
  })
  .meta({ id: "CollaborationPrivacy", description: "Noise on every result; absent: results are exact" });
export type PrivacySpec = z.output<typeof privacySpec>;

/** On which terms a round is asked. */
export const roundTerms = z.strictObject({ epsilon: decimal, delta: decimal }).meta({
  id: "RoundPrivacy",
  description: "What the answer costs: it is (ε, δ)-private for each domain's people",
});
export type RoundTerms = z.output<typeof roundTerms>;

/** @param least fewest contributors of a result @throws invalid_input naming the place */
export function checkPrivacy(privacy: PrivacySpec, least: number): void {
  const { delta } = inside(() => termsOf(privacy.epsilon, privacy.delta));
  if (delta.num === 0n) throw invalidInput("privacy.delta", "must be above 0");
  if (parseDecimal(privacy.rho, "privacy.rho").num === 0n)
    throw invalidInput("privacy.rho", "must be above 0");
  if (honestOf(privacy, least) >= least)
    throw invalidInput("privacy.honest", "must be below the number of contributors");
}

/** How many shares of noise are enough. @param least fewest contributors of a result */
export const honestOf = ({ honest }: PrivacySpec, least: number): number => honest ?? Math.max(1, least - 1);

/** What a round may cost at most. @throws invalid_input where the spec does not allow it */
export function rhoOfRound(privacy: PrivacySpec, { epsilon, delta }: RoundTerms): Rational {
  const asked = inside(() => termsOf(epsilon, delta));
  const allowed = termsOf(privacy.epsilon, privacy.delta);
  if (asked.delta.num === 0n) throw invalidInput("privacy.delta", "must be above 0");
  if (compareRational(asked.epsilon, allowed.epsilon) > 0)
    throw invalidInput("privacy.epsilon", `the spec allows ${privacy.epsilon} a round`);
  if (compareRational(asked.delta, allowed.delta) > 0)
    throw invalidInput("privacy.delta", `the spec allows ${privacy.delta}`);
  const rho = rhoWithin(asked.epsilon, asked.delta);
  if (rho.num <= 0n) throw invalidInput("privacy.epsilon", "is too small for this δ");
  return rho;
}

function inside<T>(read: () => T): T {
  try {
    return read();
  } catch {
    throw invalidInput("privacy", "ε must be from 0.000001 to 100, δ from 1e-60 to 0.1");
  }
}

/** Of all rounds together, in units of 2^−96; rounded up with the last digits of what is spent. */
export const totalUnits = ({ rho }: PrivacySpec): bigint => rhoUnits(parseDecimal(rho, "privacy.rho"));
