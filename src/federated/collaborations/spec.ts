/**
 * What domains agree on before they compute anything: who, for what, over which columns, and what may come out.
 *
 * Rules: the spec is canonical JSON, and its SHA-256 is what every owner's grant and every domain's `join` name. The
 * columns with their types, bounds and categories are part of it, so that the cells of any statistic follow from the spec
 * and the question alone and no domain's data shows in their number. Exact results need three contributors; fewer would
 * tell each the other's figure by subtraction. Results with noise (privacy.ts) need two.
 */
import { createHash } from "node:crypto";
import { z } from "zod";
import { columnName } from "../../catalog/index.js";
import { canonicalJson, type JsonObject } from "../../ledger/index.js";
import {
  columnsOf,
  type DisclosurePolicy,
  defaultPolicy,
  type ExpressionColumns,
} from "../../privacy/index.js";
import { COLUMN_TYPES, invalidInput } from "../../vocabulary/index.js";
import { identityKey } from "../messages/message.js";
import { checkPrivacy, privacySpec } from "./privacy.js";

/** Of results with noise. */
const MIN_NOISY = 2;
/** Of exact ones. */
export const MIN_CONTRIBUTORS = 3;
export const MAX_CONTRIBUTORS = 50;
export const MAX_ROUNDS = 10_000;

const decimal = z.string().regex(/^-?\d{1,15}(\.\d{1,9})?$/, "must be a decimal");
const domainName = z.string().regex(/^[\p{L}\p{N}][\p{L}\p{N}._-]{0,62}$/u, "must be a domain's name");

const columnSpec = z.strictObject({
  name: columnName,
  type: z.enum(COLUMN_TYPES),
  categories: z.array(z.string().min(1).max(256)).min(1).max(10_000).optional(),
  bounds: z.tuple([decimal, decimal]).optional().describe("Least and greatest value; sums need them"),
  decimals: z
    .int()
    .min(0)
    .max(9)
    .optional()
    .describe("To which values are rounded before they are summed; 6"),
});
export type ColumnSpec = z.output<typeof columnSpec>;

export const collaborationSpec = z
  .strictObject({
    version: z.literal(1),
    name: z.string().trim().min(1).max(128),
    purpose: z.string().trim().min(3).max(2_000),
    coordinator: identityKey,
    participants: z
      .array(z.strictObject({ name: domainName, key: identityKey }))
      .min(MIN_NOISY)
      .max(MAX_CONTRIBUTORS)
      .describe("Who contributes to results: three or more; two where all results have noise"),
    recipients: z.array(domainName).min(1).max(MAX_CONTRIBUTORS).describe("Participants who learn results"),
    columns: z.array(columnSpec).min(1).max(200),
    max_rows: z
      .int()
      .min(1)
      .max(1_000_000_000)
      .describe("The most rows that one domain may have; a public bound"),
    threshold: z.int().min(3).max(1_000).describe("Fewest units that a cell of a result may stand on"),
    max_rounds: z.int().min(1).max(MAX_ROUNDS),
    expires_at: z.iso.datetime({ offset: true }),
    min_contributors: z
      .int()
      .min(MIN_NOISY)
      .max(MAX_CONTRIBUTORS)
      .optional()
      .describe("Fewest domains that a result may stand on where some do not answer in time; all of them"),
    attempt_seconds: z
      .int()
      .min(5)
      .max(86_400)
      .optional()
      .describe("How long the domains of an attempt are waited for; 600"),
    privacy: privacySpec.optional(),
  })
  .meta({ id: "CollaborationSpec", description: "What every owner approves, by its hash" });
export type CollaborationSpec = z.output<typeof collaborationSpec>;

export const specSha256 = (spec: CollaborationSpec): string =>
  createHash("sha256")
    .update(canonicalJson(spec as unknown as JsonObject))
    .digest("hex");

/** @throws invalid_input naming the place */
export function checkSpec(spec: CollaborationSpec): void {
  const unique = (list: readonly string[], root: string): void => {
    list.forEach((one, i) => {
      if (list.indexOf(one) !== i) throw invalidInput(`${root}.${i}`, "is named twice");
    });
  };
  unique(
    spec.participants.map((p) => p.name),
    "participants",
  );
  unique(
    spec.participants.map((p) => p.key),
    "participants",
  );
  unique(spec.recipients, "recipients");
  if (leastContributors(spec) > spec.participants.length)
    throw invalidInput("min_contributors", "must not be more than there are participants");
  if (spec.privacy !== undefined) checkPrivacy(spec.privacy, leastContributors(spec));
  else if (leastContributors(spec) < MIN_CONTRIBUTORS)
    throw invalidInput("participants", `exact results need ${MIN_CONTRIBUTORS} of them; two need privacy`);
  unique(
    spec.columns.map((c) => c.name),
    "columns",
  );
  spec.recipients.forEach((name, i) => {
    if (!spec.participants.some((p) => p.name === name))
      throw invalidInput(`recipients.${i}`, "is no participant");
  });
  spec.columns.forEach(({ bounds, type }, i) => {
    const number = type === "integer" || type === "decimal";
    if (bounds && !number) throw invalidInput(`columns.${i}.bounds`, "are for numbers");
    if (bounds && Number(bounds[0]) > Number(bounds[1]))
      throw invalidInput(`columns.${i}.bounds`, "must rise");
  });
}

/** Fewest contributors of an attempt. */
export const leastContributors = ({ min_contributors, participants }: CollaborationSpec): number =>
  min_contributors ?? participants.length;

const ATTEMPT_SECONDS = 600;

export const attemptMs = ({ attempt_seconds }: CollaborationSpec): number =>
  1000 * (attempt_seconds ?? ATTEMPT_SECONDS);

/** Results are held to the rules of this grade, with the spec's threshold. */
const SPOKEN_GRADE = 3;

export const spokenPolicy = ({ threshold }: CollaborationSpec): DisclosurePolicy => ({
  ...defaultPolicy(SPOKEN_GRADE),
  threshold,
});

/** The columns as statistics see them: any of them may be empty in some domain. */
export const spokenColumns = ({ columns }: CollaborationSpec): ExpressionColumns =>
  columnsOf(columns.map((c) => ({ ...c, nullable: true })));

export const participantNamed = ({ participants }: CollaborationSpec, key: string): string | undefined =>
  participants.find((p) => p.key === key)?.name;

export const namesOf = (spec: CollaborationSpec, keys: readonly string[]): string[] =>
  keys.map((key) => participantNamed(spec, key) ?? "coordinator");
