/**
 * HiGHS (compiled to WebAssembly) as linear programs that minimise, solved again and again with small changes.
 *
 * Rules: one thread (this build has no more) and a fixed seed, and limits on work, never on time: the same program always gives the same answer,
 * so that asking twice never shows two different patterns of one table. Solving blocks; whoever must not be blocked
 * runs this in a process of its own.
 */
import highs, { type Highs, type ModelData, type RunResult } from "highs";

/** The package's types describe a CommonJS module; what is loaded is its ES module, whose default is the loader itself. */
const loadHighs = highs as unknown as typeof highs.default;

export interface LinearRow {
  low: number;
  high: number;
  columns: readonly number[];
  factors: readonly number[];
}

export interface LinearProgram {
  cost: ArrayLike<number>;
  low: ArrayLike<number>;
  high: ArrayLike<number>;
  rows: readonly LinearRow[];
  /** Which columns take whole numbers only. */
  whole?: readonly boolean[];
}

export type SolveStatus = "optimal" | "infeasible" | "unbounded" | "limit";

export interface Solved {
  status: SolveStatus;
  value: number;
  columns: Float64Array;
  columnDuals: Float64Array;
  rowDuals: Float64Array;
}

export interface SolveLimits {
  nodes?: number;
  iterations?: number;
}

const STEPS_OF_ANY = 5;
/** What a step costs in a search for whole numbers, with all that is done beside it. */
const WHOLE_WEIGHT = 8;
const OPTIMAL = 7;
const INFEASIBLE: readonly number[] = [8, 9];
const UNBOUNDED = 10;
const LIMITS: readonly number[] = [11, 12, 13, 14, 16, 17];

let loaded: Promise<Highs> | undefined;

export class Solver {
  /** Steps of the simplex method so far: the measure of work, the same on any machine. */
  work = 0;

  private constructor(private readonly highs: Highs) {}

  static async open(): Promise<Solver> {
    loaded ??= loadHighs();
    return new Solver(await loaded);
  }

  /** The program is freed when `use` returns. */
  with<T>(program: LinearProgram, use: (open: OpenProgram) => T): T {
    return this.highs.withModel(modelOf(program), (model) => {
      model.options.set({ output_flag: false, random_seed: 0 });
      const count = (steps: number) => {
        this.work += steps;
      };
      return use(new OpenProgram(model, count, program.whole !== undefined));
    });
  }

  /** Solves once, with whole numbers where the program says so. `bound` is proven, also where a limit was met. */
  solveWhole(program: LinearProgram, limits: SolveLimits = {}): Solved & { bound: number } {
    return this.with(program, (open) => {
      open.limit(limits);
      return open.solveWhole();
    });
  }
}

type Model = Parameters<Parameters<Highs["withModel"]>[1]>[0];

export class OpenProgram {
  constructor(
    private readonly model: Model,
    private readonly count: (steps: number) => void,
    private readonly whole: boolean,
  ) {}

  limit({ nodes, iterations }: SolveLimits): void {
    if (nodes !== undefined) this.model.options.set("mip_max_nodes", nodes);
    if (iterations !== undefined) this.model.options.set("simplex_iteration_limit", iterations);
  }

  cost(column: number, cost: number): void {
    this.model.changeColCost(column, cost);
  }

  bounds(column: number, low: number, high: number): void {
    this.model.changeColBounds(column, low, high);
  }

  add({ low, high, columns, factors }: LinearRow): void {
    this.model.addRow(low, high, { indices: [...columns], values: [...factors] });
  }

  solve(): Solved {
    const status = this.run();
    const { colValue, colDual, rowDual } = this.model.getSolution();
    return {
      status,
      value: status === "optimal" ? this.model.getObjectiveValue() : Number.NaN,
      columns: colValue,
      columnDuals: colDual,
      rowDuals: rowDual,
    };
  }

  solveWhole(): Solved & { bound: number } {
    const solved = this.solve();
    const bound = Number(this.model.info.get("mip_dual_bound"));
    const found = Number(this.model.info.get("primal_solution_status")) === 2;
    const value = found ? this.model.getObjectiveValue() : Number.NaN;
    return { ...solved, value, bound };
  }

  private run(): SolveStatus {
    const { modelStatus }: RunResult = this.model.run();
    // A program costs something even where it takes no step.
    const steps = Number(this.model.info.get("simplex_iteration_count"));
    this.count(STEPS_OF_ANY + steps * (this.whole ? WHOLE_WEIGHT : 1));
    if (modelStatus === OPTIMAL) return "optimal";
    if (INFEASIBLE.includes(modelStatus)) return "infeasible";
    if (modelStatus === UNBOUNDED) return "unbounded";
    if (LIMITS.includes(modelStatus)) return "limit";
    throw new Error("the solver failed");
  }
}

function modelOf({ cost, low, high, rows, whole }: LinearProgram): ModelData {
  const starts = [0];
  const indices: number[] = [];
  const values: number[] = [];
  for (const { columns, factors } of rows) {
    for (const column of columns) indices.push(column);
    for (const factor of factors) values.push(factor);
    starts.push(indices.length);
  }
  const numCols = cost.length;
  return {
    numCols,
    numRows: rows.length,
    colCost: Float64Array.from(cost),
    colLower: Float64Array.from(low),
    colUpper: Float64Array.from(high),
    rowLower: rows.map((r) => r.low),
    rowUpper: rows.map((r) => r.high),
    matrix: { format: "csr", numRows: rows.length, numCols, starts, indices, values },
    ...(whole ? { integrality: whole.map((w) => (w ? 1 : 0) as 0 | 1) } : {}),
  };
}
