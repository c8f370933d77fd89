/**
 * A table over all domains with noise: what each contributes, what is added, and what the sums say.
 *
 * Rules: every number has a share of noise from each contributor; how much follows from the spec, the question and its ε
 * and δ. One unit changes a domain's numbers in at most `rows_per_unit` rows, each by at most the largest step of its
 * grid, in each kind of row of the table: that is what the noise is for. Nothing here fails for the sake of data. Pure.
 */
import {
  type ClaimStatistic,
  checkStatistic,
  filterText,
  judgeNoisy,
  layoutOf,
  MAX_SHARED_NUMBERS,
  type Measure,
  marginSets,
  moduloLayout,
  type NoisyKind,
  planTable,
  requireRecomputed,
  type SharedNoise,
  STATISTIC_OF,
  sharesFor,
  TABLE_FACTS_FORMAT,
  type TableFacts,
  type TablePlan,
} from "../../../privacy/index.js";
import { invalidInput } from "../../../vocabulary/index.js";
import { honestOf, type PrivacySpec, type RoundTerms, rhoOfRound } from "../../collaborations/privacy.js";
import { type CollaborationSpec, leastContributors, spokenColumns } from "../../collaborations/spec.js";
import type { SharedStatistic } from "../shared.js";
import { cellsOf, placesIn, sizesOf } from "../table.js";
import { roomOf } from "./grid.js";
import {
  inSteps,
  mostOfRow,
  type NoisyMeasure,
  type NoisyPart,
  noisyMeasures,
  shownMeasure,
} from "./measures.js";
import { noisyQuestion } from "./question.js";

/** Room for noise in a slot: a sum leaves it with a probability below 10^−30. */
const DEVIATIONS = 12;

export interface NoisyAsked {
  statistic: ClaimStatistic;
  terms: RoundTerms;
  /** How many contribute. */
  contributors: number;
}

interface NoisyTable {
  dimensions: TablePlan["dimensions"];
  where: TablePlan["where"];
  measures: readonly NoisyMeasure[];
  parts: readonly NoisyPart[];
  places: readonly number[][];
  /** Of all contributors' noise together, part by part. */
  deviations: readonly number[];
}

/** @param t plaintext modulus of the sums. @throws invalid_input naming the place */
export function noisyTable(
  spec: CollaborationSpec & { privacy: PrivacySpec },
  { statistic: given, terms, contributors }: NoisyAsked,
  t: bigint,
): SharedStatistic {
  const { plan, sizes, sets, places, parts, measures, layout } = planned(spec, given, t);
  const honest = honestOf(spec.privacy, leastContributors(spec));
  const rowsPerUnit = spec.privacy.rows_per_unit;
  const kinds = parts.map((part, i) => kindOf(part, i, rowsPerUnit, sets, sizes));
  const noise = sharesFor(kinds, rhoOfRound(spec.privacy, terms), honest);
  const deviations = noise.variances.map((v) => Math.sqrt(Number(v) * contributors));
  const table = { dimensions: plan.dimensions, where: plan.where, measures, parts, places, deviations };
  const said = { ...terms, honest, contributors };
  return {
    slots: slotsOf(spec, parts, places.length, noise, t),
    maxRows: places.length + 1,
    noise: {
      ...noise,
      variances: places.flatMap(() => [...noise.variances]),
      mechanism: mechanismOf(kinds, noise, places.length, said),
    },
    question: (shown, stored, salt) =>
      noisyQuestion({ ...plan, sets, parts, rowsPerUnit }, shown, stored, salt),
    contribution: (answer) => clamped(spec, parts, cellsOf(table, answer)),
    outcome: (sums) => ({
      kind: "result",
      canonical: judgeNoisy(noisyFacts(table, sums), layout, said),
    }),
  };
}

/** Cells, numbers of a cell and measures: from the spec and what is asked alone. @throws invalid_input */
function planned(spec: CollaborationSpec, given: ClaimStatistic, t: bigint) {
  const columns = spokenColumns(spec);
  const statistic = requireRecomputed(checkStatistic(given, columns), "statistic");
  if ("protect" in statistic && statistic.protect !== undefined)
    throw invalidInput("statistic.protect", "is not for figures with noise");
  const wanted: readonly Measure[] =
    statistic.kind === "histogram" ? [{ kind: "units", name: "units" }] : statistic.measures;
  const plan = planTable(statistic, columns);
  const sizes = sizesOf(plan);
  const places = placesIn(plan, sizes);
  const { parts, measures } = noisyMeasures(spec, wanted, roomOf(spec, t));
  if (places.length * parts.length > MAX_SHARED_NUMBERS)
    throw invalidInput("statistic", `has more than ${MAX_SHARED_NUMBERS} numbers`);
  return { plan, sizes, sets: marginSets(plan), places, parts, measures, layout: layoutOf(statistic) };
}

/** How much one unit can change a part's numbers over all cells of all kinds of rows. */
function kindOf(
  part: NoisyPart,
  i: number,
  rows: number,
  sets: readonly (readonly number[])[],
  sizes: readonly number[],
): NoisyKind {
  const squared = sets.reduce((sum, set) => {
    const cells = set.reduce((product, d) => product * BigInt(sizes[d]!), 1n);
    const most = BigInt(rows);
    // Of distinct units one in each of its cells; of rows and sums all rows may lie in one cell.
    const step = mostOfRow(part) ** 2n;
    return sum + step * (part.kind === "units" ? (cells < most ? cells : most) : most ** 2n);
  }, 0n);
  return { name: `${i}.${part.kind}`, squared };
}

function slotsOf(
  spec: CollaborationSpec,
  parts: readonly NoisyPart[],
  cells: number,
  { variances }: SharedNoise,
  t: bigint,
) {
  const n = spec.participants.length;
  const fields = Array.from({ length: cells }, (_, cell) =>
    parts.map((part, i) => ({
      name: `${cell}.${i}.${part.kind}`,
      scale: 0,
      bound: BigInt(spec.max_rows) * mostOfRow(part),
    })),
  ).flat();
  const room = variances.map((v) => BigInt(Math.ceil(DEVIATIONS * Math.sqrt(Number(v) * n))));
  return moduloLayout(
    fields,
    n,
    t,
    fields.map((_, i) => room[i % parts.length]!),
  );
}

/** In steps. More rows than the spec speaks of change no number by more, and that they do shows in nothing. */
function clamped(spec: CollaborationSpec, parts: readonly NoisyPart[], numbers: readonly bigint[]): bigint[] {
  return numbers.map((found, i) => {
    const part = parts[i % parts.length]!;
    const x = inSteps(part, found);
    const most = BigInt(spec.max_rows) * mostOfRow(part);
    return x > most ? most : x < -most ? -most : x;
  });
}

const mechanismOf = (
  kinds: readonly NoisyKind[],
  { variances }: SharedNoise,
  cells: number,
  terms: RoundTerms & { honest: number; contributors: number },
) => ({
  law: "discrete_gaussian_shares",
  ...terms,
  cells,
  kinds: kinds.map(({ name, squared }, i) => ({
    name,
    sensitivity_squared: String(squared),
    share_variance: String(variances[i]!),
  })),
});

function noisyFacts(table: NoisyTable, sums: readonly bigint[]): TableFacts {
  const { dimensions, where, measures, parts, places, deviations } = table;
  const cells = places.flatMap((at, cell) => {
    const numbers = sums.slice(cell * parts.length, (cell + 1) * parts.length);
    return measures.flatMap((measure, i) => {
      const { value, error } = shownMeasure(measure, parts, { numbers, deviations });
      return [
        { at, measure: 2 * i, value, units: null },
        { at, measure: 2 * i + 1, value: error, units: null },
      ];
    });
  });
  return {
    format: TABLE_FACTS_FORMAT,
    stated_by: "node",
    filter: filterText({ version: 1, where: where ?? { op: "literal", type: "boolean", value: "true" } }),
    dimensions: dimensions.map(({ name, levels }) => ({ name, levels: levels.map((l) => l.label) })),
    measures: measures.flatMap(({ measure: { name, kind, value } }) => {
      const of = value?.op === "column" ? { of: value.name } : {};
      return [
        { name, statistic: STATISTIC_OF[kind], ...of },
        { name: `${name} (s.e.)`, statistic: "unknown", ...of },
      ];
    }),
    cells,
  };
}
