/**
 * Sums of decimals that are added in whatever order threads meet, and when that must not be trusted.
 *
 * Rule: a table's bytes never hang on the order of adding. Added in order of size they do not, but sorting is most of the
 * work; so the sum is first taken as it comes, with compensation, and kept where every sum within its error is shown by the
 * same digits. Where it is not, for one cell in a hundred thousand or so, the table is asked for again, in order.
 *
 * Error: compensated (Kahan) summation is off by at most (2u + O(n u²)) Σ|x|, u = 2^-53 (Higham 2002, 4.3); partial sums are
 * added pairwise, each time by u Σ|x| at most. ERROR allows for five hundred of those, and n max|x| stands for Σ|x|.
 */
import type { ExpressionColumns } from "../../expression/index.js";
import type { TableFacts } from "../facts.js";
import type { DisclosurePolicy } from "../policy.js";
import { type AnswerRow, factsOf, numberText } from "./answer.js";
import { STANDING_COLUMNS } from "./contributions.js";
import type { PlannedMeasure, TablePlan } from "./plan.js";
import { askedOf, type Question, questionOf } from "./question.js";

const ERROR = 2 ** -44;
/** With more digits there is nearly always a doubt. */
const DIGITS_IN_DOUBT = 11;

export interface TableRequest {
  plan: TablePlan;
  columns: ExpressionColumns;
  policy: DisclosurePolicy;
  /** Each unit has at most one row. */
  oneRowPerUnit: boolean;
  /** Puts a question to an engine. */
  ask(question: (stored: ReadonlyMap<string, string>) => Question): Promise<readonly AnswerRow[]>;
}

/** The facts of a table, by one question, or two where the first leaves a doubt. @throws too_large */
export async function askTable(request: TableRequest): Promise<TableFacts> {
  const { plan, columns, policy, oneRowPerUnit, ask } = request;
  const answer = (ordered: boolean) =>
    ask((stored) => questionOf(plan, columns, stored, askedOf(policy, oneRowPerUnit, ordered)));
  const quick =
    oneRowPerUnit && policy.significant_digits <= DIGITS_IN_DOUBT && plan.measures.some(isSumOfDecimals);
  const first = await answer(!quick);
  if (!quick || !isDoubtful(plan, first, policy.significant_digits)) return factsOf(plan, first, policy);
  return factsOf(plan, await answer(true), policy);
}

const isSumOfDecimals = ({ measure, value }: PlannedMeasure): boolean =>
  value?.exact === false && (measure.kind === "sum" || measure.kind === "mean");

/** Whether another order of adding could show another number in some cell. */
export function isDoubtful(plan: TablePlan, rows: readonly AnswerRow[], digits: number): boolean {
  const summed = plan.measures.flatMap((m, i) => (isSumOfDecimals(m) ? [i] : []));
  const figures = plan.dimensions.length + 1;
  const standing = figures + 3 * plan.measures.length;
  return rows.some((row) =>
    summed.some((i) => {
      const [units, value, divisor] = row.slice(figures + 3 * i, figures + 3 * i + 3);
      if (typeof value !== "number") return false;
      const [top, low] = row.slice(standing + (STANDING_COLUMNS + 1) * i);
      const most = Math.max(...[top, low].flat().map((one) => Math.abs(Number(one ?? 0))));
      const slack = Number(units) * most * ERROR;
      const text = (sum: number) => numberText(sum, (divisor ?? null) as string | null, digits);
      return text(value - slack) !== text(value + slack);
    }),
  );
}
