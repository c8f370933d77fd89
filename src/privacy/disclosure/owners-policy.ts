/**
 * What an owner may say about disclosure control of a dataset, and what holds where several owners spoke.
 *
 * Rules: pure. An owner may be stricter than the grade's default without bound, and looser only down to the grade's
 * floor: what is known of the data at a grade cannot be waved away by the one who lets them out. Where a job reads
 * several datasets the strictest figure holds; dominance rules (n, k) that cannot be compared all hold. A policy that
 * was set before a grade rose is lifted to the new grade's floor when it is used.
 */
import { z } from "zod";
import { GloveboxError, type Grade, type InputError } from "../../vocabulary/index.js";
import {
  type DisclosurePolicy,
  type Dominance,
  defaultPolicy,
  STRICTNESS,
  type Strictness,
} from "./policy.js";

const share = z.number().gt(0).max(1);
const said = <T extends z.ZodType>(schema: T, description: string) => schema.optional().describe(description);

export const ownersPolicy = z
  .strictObject({
    threshold: said(z.int().min(1).max(100_000), "Fewest distinct units that a cell may stand on"),
    dominance: said(
      z
        .strictObject({
          n: z.int().min(1).max(10).describe("How many of the largest units"),
          k: share.describe("Which share of the sum"),
        })
        .nullable(),
      "A cell fails where its n largest units hold k or more of its sum; null: not judged",
    ),
    p_ratio: said(
      z.number().min(0).max(10),
      "A cell fails where the others hold less than this share of what the largest unit does; 0: not judged",
    ),
    class_disclosure: said(z.enum(STRICTNESS), "All units of a line in one cell, or all of one value"),
    zeros: said(z.enum(STRICTNESS), "Cells that nobody falls into"),
    negatives: said(z.enum(["review", "fail"]), "Contributions of both signs"),
    significant_digits: said(z.int().min(1).max(15), "Numbers keep so many digits"),
    degrees_of_freedom: said(z.int().min(1).max(1_000_000), "Fewest residual degrees of freedom of a model"),
    events_per_parameter: said(z.int().min(0).max(10_000), "A model with fewer goes to people"),
  })
  .meta({
    id: "DisclosurePolicy",
    description:
      "What the owner asks of outputs where it differs from the grade's defaults; what is left out stays the default",
  });
export type OwnersPolicy = z.output<typeof ownersPolicy>;

/** The loosest that an owner may be, by grade. */
export interface OwnersFloor {
  threshold: number;
  dominance_n: number;
  dominance_k: number;
  p_ratio: number;
  class_disclosure: Strictness;
  zeros: Strictness;
  negatives: Exclude<Strictness, "off">;
  significant_digits: number;
  degrees_of_freedom: number;
  events_per_parameter: number;
}

const OPEN: OwnersFloor = {
  threshold: 1,
  // 0 units holding nothing: dominance may be left out.
  dominance_n: 0,
  dominance_k: 1,
  p_ratio: 0,
  class_disclosure: "off",
  zeros: "off",
  negatives: "review",
  significant_digits: 15,
  degrees_of_freedom: 1,
  events_per_parameter: 0,
};
const INTERNAL: OwnersFloor = { ...OPEN, threshold: 3, significant_digits: 12, degrees_of_freedom: 3 };
const SENSITIVE: OwnersFloor = {
  ...INTERNAL,
  threshold: 5,
  dominance_n: 1,
  dominance_k: 0.95,
  p_ratio: 0.05,
  class_disclosure: "review",
  significant_digits: 10,
  degrees_of_freedom: 5,
  events_per_parameter: 5,
};
const HIGH: OwnersFloor = {
  ...SENSITIVE,
  threshold: 10,
  dominance_n: 2,
  dominance_k: 0.9,
  p_ratio: 0.1,
  class_disclosure: "fail",
  significant_digits: 6,
  degrees_of_freedom: 10,
  events_per_parameter: 10,
};
export const FLOORS: Record<Grade, OwnersFloor> = {
  1: OPEN,
  2: INTERNAL,
  3: SENSITIVE,
  4: HIGH,
  5: { ...HIGH, significant_digits: 4 },
};

const rank = (s: Strictness): number => STRICTNESS.indexOf(s);
const stricter = <S extends Strictness>(a: S, b: S): S => (rank(a) >= rank(b) ? a : b);

/** Where what an owner says is looser than the grade lets it be: path and words. */
function tooLoose(said: OwnersPolicy, floor: OwnersFloor): InputError[] {
  const errors: InputError[] = [];
  const need = (path: string, holds: boolean, message: string) => {
    if (!holds) errors.push({ path: `disclosure.${path}`, message });
  };
  const atLeast = (path: "threshold" | "p_ratio" | "degrees_of_freedom" | "events_per_parameter") =>
    need(path, (said[path] ?? floor[path]) >= floor[path], `must be at least ${floor[path]} at this grade`);
  for (const path of ["threshold", "p_ratio", "degrees_of_freedom", "events_per_parameter"] as const)
    atLeast(path);
  for (const path of ["class_disclosure", "zeros"] as const)
    need(
      path,
      rank(said[path] ?? "fail") >= rank(floor[path]),
      `must be ${floor[path]} or stricter at this grade`,
    );
  const digits = floor.significant_digits;
  need("significant_digits", (said.significant_digits ?? 0) <= digits, `must be at most ${digits}`);
  if (said.dominance === undefined) return errors;
  need("dominance", said.dominance !== null || floor.dominance_n === 0, "must be judged at this grade");
  const { n, k } = said.dominance ?? { n: floor.dominance_n, k: floor.dominance_k };
  need("dominance.n", n >= floor.dominance_n, `must be at least ${floor.dominance_n} at this grade`);
  need("dominance.k", k <= floor.dominance_k, `must be at most ${floor.dominance_k} at this grade`);
  return errors;
}

/** @throws invalid_input naming each figure that is looser than the grade lets it be */
export function mustBeWithin(said: OwnersPolicy, grade: Grade): void {
  const errors = tooLoose(said, FLOORS[grade]);
  const [first] = errors;
  if (first === undefined) return;
  throw new GloveboxError("invalid_input", { detail: `${first.path}: ${first.message}`, errors });
}

/** The grade's defaults with what the owner says in their place, lifted to the grade's floor. */
export function ownedPolicy(grade: Grade, said: OwnersPolicy | undefined): DisclosurePolicy {
  const { dominance, ...figures } = said ?? {};
  const given = Object.fromEntries(Object.entries(figures).filter(([, value]) => value !== undefined));
  const base = defaultPolicy(grade);
  const rules = dominance === undefined ? base.dominance : dominance === null ? [] : [dominance];
  return lifted({ ...base, ...given, dominance: rules }, FLOORS[grade]);
}

function lifted(policy: DisclosurePolicy, floor: OwnersFloor): DisclosurePolicy {
  const { dominance_n: n, dominance_k: k } = floor;
  const rules = policy.dominance.map((d) => ({ n: Math.max(d.n, n), k: Math.min(d.k, k) }));
  return {
    ...policy,
    threshold: Math.max(policy.threshold, floor.threshold),
    dominance: rules.length === 0 && n > 0 ? [{ n, k }] : rules,
    p_ratio: Math.max(policy.p_ratio, floor.p_ratio),
    class_disclosure: stricter(policy.class_disclosure, floor.class_disclosure),
    zeros: stricter(policy.zeros, floor.zeros),
    negatives: stricter(policy.negatives, floor.negatives),
    significant_digits: Math.min(policy.significant_digits, floor.significant_digits),
    degrees_of_freedom: Math.max(policy.degrees_of_freedom, floor.degrees_of_freedom),
    events_per_parameter: Math.max(policy.events_per_parameter, floor.events_per_parameter),
  };
}

/** What holds for an output made from all of them. @param policies at least one */
export function strictest(policies: readonly DisclosurePolicy[]): DisclosurePolicy {
  const [first, ...others] = policies;
  if (first === undefined) throw new RangeError("no policy");
  return others.reduce((a, b) => {
    // Sizes and digits: the smaller is the stricter.
    const smaller = Object.fromEntries(SMALLER.map((name) => [name, Math.min(a[name], b[name])]));
    return {
      ...a,
      ...smaller,
      threshold: Math.max(a.threshold, b.threshold),
      dominance: everyRule([...a.dominance, ...b.dominance]),
      p_ratio: Math.max(a.p_ratio, b.p_ratio),
      class_disclosure: stricter(a.class_disclosure, b.class_disclosure),
      zeros: stricter(a.zeros, b.zeros),
      negatives: stricter(a.negatives, b.negatives),
      degrees_of_freedom: Math.max(a.degrees_of_freedom, b.degrees_of_freedom),
      events_per_parameter: Math.max(a.events_per_parameter, b.events_per_parameter),
    };
  }, first);
}

const SMALLER = [
  "significant_digits",
  "max_output_bytes",
  "max_csv_rows",
  "max_csv_columns",
  "max_csv_cells",
  "max_cell_chars",
  "max_json_depth",
  "max_json_nodes",
  "max_png_pixels",
  "metadata_review_bytes",
  "metadata_fail_bytes",
  "capacity_review_bytes",
] as const satisfies readonly (keyof DisclosurePolicy)[];

/** Without those that another one implies: more units holding no more. */
function everyRule(rules: readonly Dominance[]): Dominance[] {
  const implied = (d: Dominance, i: number) =>
    rules.some((o, j) => o.n >= d.n && o.k <= d.k && (o.n !== d.n || o.k !== d.k || j < i));
  return rules.filter((d, i) => !implied(d, i));
}

/** The figures that an owner may set, as they hold: in the catalogue, in an output's entry, in a finding's evidence. */
export const policyView = z
  .strictObject({
    threshold: z.int(),
    dominance: z.array(z.strictObject({ n: z.int(), k: z.number() })).describe("All of them hold"),
    p_ratio: z.number().describe("0: not judged"),
    class_disclosure: z.enum(STRICTNESS),
    zeros: z.enum(STRICTNESS),
    negatives: z.enum(["review", "fail"]),
    significant_digits: z.int(),
    degrees_of_freedom: z.int(),
    events_per_parameter: z.int(),
  })
  .meta({ id: "DisclosureFigures", description: "What outputs are held to" });
export type PolicyFigures = z.output<typeof policyView>;

export const policyFigures = (policy: DisclosurePolicy): PolicyFigures => ({
  threshold: policy.threshold,
  dominance: policy.dominance.map(({ n, k }) => ({ n, k })),
  p_ratio: policy.p_ratio,
  class_disclosure: policy.class_disclosure,
  zeros: policy.zeros,
  negatives: policy.negatives,
  significant_digits: policy.significant_digits,
  degrees_of_freedom: policy.degrees_of_freedom,
  events_per_parameter: policy.events_per_parameter,
});
