/**
 * A safe version of a table: what is too small is hidden, and as much beside it as it takes, until the attack says that
 * every hidden number stays as uncertain as it must.
 *
 * Rules: the pattern is chosen by one program and judged by another (attack/) that shares no code with it; what the
 * attack still reaches is answered by hiding more, a set number of times, and otherwise the table says that its
 * protection failed. A place is hidden with all its numbers. Numbers that do not add up (medians, spreads, minima) are
 * also hidden in every total over something hidden. The same facts always give the same table.
 */
import type { RuleGain, TableCell, TableFacts } from "../facts.js";
import type { DisclosurePolicy } from "../policy.js";
import { attack, type Exposure, type Target } from "./attack/attack.js";
import { type Puzzle, puzzleOf } from "./attack/puzzle.js";
import { attackKnowingRule, type Gain } from "./attack/rule.js";
import { type Choice, type ChooseLimits, choose } from "./choose.js";
import { type CellNeed, modelOf, type TableModel } from "./model.js";
import { needsOfCells, tellingNumbers } from "./needs.js";
import type { Solver } from "./solver.js";
import { lossOf } from "./system.js";

/** Counts of work, chosen so that a table takes about ten seconds at most where the machine has nothing else to do. */
export const LIMITS: ChooseLimits = {
  optimum_numbers: 3_000,
  optimum: { relaxed_rounds: 120, whole_rounds: 60, nodes: 100, steps: 160_000, mends: 12 },
  trim_numbers: 6_000,
  knower_counts: 16,
};

/** How often what the attack reaches is answered by hiding more. */
const ROUNDS = 12;

export interface Safe {
  facts: TableFacts;
  choice: Choice;
}

export function suppressTable(
  solver: Solver,
  facts: TableFacts,
  down: number,
  policy: DisclosurePolicy,
  limits: ChooseLimits = LIMITS,
): Safe {
  const needs = needsOfCells(facts, policy);
  const model = modelOf({
    facts,
    down,
    threshold: policy.threshold,
    digits: policy.significant_digits,
    needs,
  });
  return new Protection(solver, facts, down, policy, limits, needs, model).run();
}

interface Judged {
  exposed: { place: number }[];
  undecided: number;
  known: { knower?: RuleGain | undefined; told?: RuleGain | undefined } | undefined;
}

class Protection {
  private readonly needOf: ReadonlyMap<number, CellNeed>;

  constructor(
    private readonly solver: Solver,
    private readonly facts: TableFacts,
    private readonly down: number,
    private readonly policy: DisclosurePolicy,
    private readonly limits: ChooseLimits,
    private readonly needs: readonly CellNeed[],
    private readonly model: TableModel,
  ) {
    this.needOf = new Map(needs.map((need) => [need.cell, need]));
  }

  run(): Safe {
    let choice = choose(this.solver, this.model.system, this.limits);
    // What is hidden later, in answer to the attack, is no smaller than the best without it.
    const { bound } = choice;
    let judged = this.judge(choice.hidden);
    const more = new Set<number>();
    for (let round = 0; judged.exposed.length > 0 && round < ROUNDS; round++) {
      if (!this.hideBeside(judged, choice.hidden, more)) break;
      choice = choose(this.solver, this.model.system, this.limits, more);
      judged = this.judge(choice.hidden);
    }
    const loss = lossOf(this.model.system, choice.hidden);
    const made = { ...choice, loss, bound };
    return { facts: this.published(made, judged), choice: made };
  }

  /** The cheapest place that shares a sum with what is exposed. @returns whether there was one */
  private hideBeside({ exposed }: Judged, hidden: ReadonlySet<number>, more: Set<number>): boolean {
    const { system } = this.model;
    const before = more.size;
    for (const { place } of exposed.slice(0, 8)) {
      const beside = new Set<number>();
      for (const { numbers } of system.relations) {
        const places = numbers.map((n) => system.numbers[n]!.place);
        if (places.includes(place)) for (const p of places) beside.add(p);
      }
      const [cheapest] = [...beside]
        .filter((p) => system.places[p]!.hideable && !hidden.has(p) && !more.has(p))
        .sort((a, b) => system.places[a]!.loss - system.places[b]!.loss || a - b);
      if (cheapest !== undefined) more.add(cheapest);
    }
    return more.size > before;
  }

  /** By both attackers, measure by measure. */
  private judge(hidden: ReadonlySet<number>): Judged {
    const { placeOf, additive } = this.model;
    const isHidden = (cell: number) => hidden.has(placeOf[cell]!);
    const judged: Judged = { exposed: [], undecided: 0, known: undefined };
    const { significant_digits: digits, threshold } = this.policy;
    for (const measure of additive) {
      const table = { facts: this.facts, isHidden, knownFrom: threshold, down: this.down, digits };
      const puzzle = puzzleOf(table, measure);
      const targets = this.targetsOf(puzzle);
      for (const exposure of attack(this.solver, puzzle, targets)) {
        if (!exposure.protected) judged.exposed.push({ place: this.placeOf(puzzle, exposure) });
        if (exposure.fractionsOnly) judged.undecided++;
      }
      if (this.facts.measures[measure]!.statistic === "units") this.judgeKnowing(puzzle, judged);
    }
    return judged;
  }

  private placeOf(puzzle: Puzzle, { unknown }: Pick<Exposure, "unknown">): number {
    return this.model.placeOf[puzzle.unknowns[unknown]!.cell]!;
  }

  private targetsOf(puzzle: Puzzle): Target[] {
    return puzzle.unknowns.flatMap(({ cell }, unknown): Target[] => {
      const need = this.needOf.get(cell);
      if (need === undefined || need.below + need.above === 0) return [];
      const { value, units, measure } = this.facts.cells[cell]!;
      const shown = Number(value ?? 0);
      const truth = this.facts.measures[measure]!.statistic === "mean" ? shown * (units ?? 0) : shown;
      return [{ unknown, atMost: truth - need.below, atLeast: truth + need.above }];
    });
  }

  private judgeKnowing(puzzle: Puzzle, judged: Judged): void {
    const { threshold } = this.policy;
    const small = puzzle.unknowns.flatMap(({ cell }, unknown) => {
      const units = cell < 0 ? 0 : (this.facts.cells[cell]!.units ?? 0);
      return units > 0 && units < threshold ? [unknown] : [];
    });
    const { knower, told } = attackKnowingRule(
      this.solver,
      puzzle,
      small,
      threshold,
      this.limits.knower_counts,
    );
    judged.known = { knower: knower && figuresOf(knower), told: told && figuresOf(told) };
    for (const unknown of knower?.pinned ?? [])
      judged.exposed.push({ place: this.placeOf(puzzle, { unknown }) });
  }

  private published(choice: Choice, judged: Judged): TableFacts {
    const { placeOf, shown } = this.model;
    const primary = new Set(this.needs.map(({ cell }) => placeOf[cell]!));
    const withheld = this.withheld(choice.hidden);
    const cells = this.facts.cells.map((cell, c): TableCell => {
      const place = placeOf[c]!;
      if (choice.hidden.has(place))
        return { ...cell, value: null, suppressed: primary.has(place) ? "primary" : "secondary" };
      return withheld.has(c) ? { ...cell, value: null, suppressed: "secondary" } : cell;
    });
    const places = [...choice.hidden].filter((p) => p < shown);
    return {
      ...this.facts,
      cells,
      protection: {
        how: "suppress",
        primary: primary.size,
        secondary: places.length - primary.size,
        withheld: withheld.size,
        loss: round(choice.loss),
        bound: round(choice.bound),
        method: choice.method,
        withstood: judged.exposed.length === 0,
        exposed: new Set(judged.exposed.map(({ place }) => place)).size,
        undecided: judged.undecided,
        ...(judged.known === undefined ? {} : { knows_rule: judged.known }),
      },
    };
  }

  /** Numbers that show one unit's value; and numbers that do not add up, in totals over something hidden. */
  private withheld(hidden: ReadonlySet<number>): Set<number> {
    const { placeOf, additive } = this.model;
    const withheld = new Set<number>();
    const telling = tellingNumbers(this.facts, this.policy);
    for (const measure of this.facts.measures.keys()) {
      if (additive.has(measure)) continue;
      const cells = this.facts.cells.flatMap((cell, c) => (cell.measure === measure ? [c] : []));
      const own = cells.filter((c) => telling.has(c)).map((c) => placeOf[c]!);
      const over = this.totalsOver(new Set([...hidden, ...own]));
      for (const c of cells)
        if (!hidden.has(placeOf[c]!) && (telling.has(c) || over.has(placeOf[c]!))) withheld.add(c);
    }
    return withheld;
  }

  private totalsOver(places: ReadonlySet<number>): Set<number> {
    const over = new Set<number>();
    // Totals of totals: until nothing changes.
    for (let before = -1; before !== over.size; ) {
      before = over.size;
      for (const [total, parts] of this.model.partsOf)
        if (parts.some((p) => places.has(p) || over.has(p))) over.add(total);
    }
    return over;
  }
}

const round = (x: number): number => Math.round(x * 1000) / 1000;

const figuresOf = ({ cells, pinned, shortened, fewest }: Gain) => ({
  cells,
  pinned: pinned.length,
  shortened: round(shortened),
  fewest: Number.isFinite(fewest) ? fewest : 0,
});
