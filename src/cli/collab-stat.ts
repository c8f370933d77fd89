/** What `glovebox collab stat` asks for, from its flags: one kind of statistic, named by a flag of its own; a table else. */
import type { Command } from "commander";
import { many } from "./command.js";
import { Usage } from "./failure.js";
import { modelClaim } from "./model.js";
import { survivalClaim } from "./survival.js";
import { claimOf } from "./table.js";

export interface StatFlags {
  rows?: string[];
  cols?: string[];
  bins?: string[];
  values?: string[];
  agg?: string[];
  margins?: boolean | string;
  missing?: string;
  model?: string;
  formula?: string;
  survival?: string;
  event?: string;
  by?: string[];
  times?: string;
  logrank?: boolean;
  covariance?: string[];
  quantiles?: string;
  at?: string[];
  where?: string;
}

interface StatKind {
  /** The flag that asks for it; of a table none. */
  named?: keyof StatFlags;
  /** Those that belong to it. */
  flags: readonly (keyof StatFlags)[];
  needs: readonly (keyof StatFlags)[];
  claim(flags: StatFlags): object;
}

const TABLE: StatKind = {
  flags: ["rows", "cols", "bins", "values", "agg", "margins", "missing"],
  needs: [],
  claim: (flags) => claimOf({ dataset: "", out: "", ...flags }),
};

const kept = (where: string | undefined): object => (where === undefined ? {} : { where });

const NAMED: readonly StatKind[] = [
  {
    named: "model",
    flags: ["model", "formula"],
    needs: ["formula"],
    claim: ({ model = "", formula = "", where }) => modelClaim(model, formula, { where }),
  },
  {
    named: "survival",
    flags: ["survival", "event", "by", "times", "logrank", "missing"],
    needs: ["event", "times"],
    claim({ survival = "", event = "", logrank, ...more }) {
      const claim = survivalClaim(survival, event, more);
      return logrank ? { ...claim, kind: "logrank" } : claim;
    },
  },
  {
    named: "covariance",
    flags: ["covariance"],
    needs: [],
    claim: ({ covariance, where }) => ({ kind: "covariance", values: covariance, ...kept(where) }),
  },
  {
    named: "quantiles",
    flags: ["quantiles", "at", "by", "missing"],
    needs: ["at"],
    claim: ({ quantiles, at, by, missing, where }) => ({
      kind: "quantiles",
      value: quantiles,
      at,
      ...(by === undefined ? {} : { by }),
      ...(missing === undefined ? {} : { missing }),
      ...kept(where),
    }),
  },
];

export const statFlags = (command: Command): Command =>
  command
    .option("--rows <column...>", "columns or expressions whose values go down the rows", many)
    .option("--cols <column...>", "columns or expressions whose values go across", many)
    .option("--bins <column=edges...>", "group a row's or column's number by edges: age=50,60,70", many)
    .option("--values <column...>", "what --agg is of; without it, people (units) are counted", many)
    .option("--agg <how...>", "count, sum, mean, var, std", many)
    .option("--margins [all]", "with totals down, across and of all; all: over every combination too")
    .option("--missing <how>", "rows without a value to group by: drop, or group")
    .option("--model <family>", "a regression of this family, with --formula: ols, logit or poisson")
    .option("--formula <formula>", "of the model: death ~ age + C(sex)")
    .option("--survival <time>", "survival curves of this time, with --event and --times")
    .option("--event <column>", "whether the time ended in the event")
    .option("--by <column...>", "a curve, or quantiles, for each of their values", many)
    .option("--times <list>", "ends between which is counted: 365,730,1825")
    .option("--logrank", "the log-rank test of the curves instead of the curves")
    .option("--covariance <column...>", "covariances and correlations of these columns", many)
    .option("--quantiles <column>", "quantiles of this column, with --at; --by for each group")
    .option("--at <fraction...>", "which of them: 0.25 0.5 0.75", many)
    .option("--where <condition>", "rows that count, in Python's syntax: age >= 60 and sex == 'F'");

/** The question as the node reads it. @throws Usage */
export function statOf(flags: StatFlags): object {
  const asked = NAMED.filter(({ named }) => named !== undefined && flags[named] !== undefined);
  const [kind = TABLE, other] = asked;
  if (other !== undefined)
    throw new Usage(
      `--${kind.named} and --${other.named} are two statistics: ask for one.`,
      `--${kind.named} 与 --${other.named} 是两种统计：一次只请求一种。`,
    );
  const own: readonly string[] = [...kind.flags, "where"];
  const known = [TABLE, ...NAMED].flatMap((k) => k.flags);
  const foreign = known.find((flag) => flags[flag] !== undefined && !own.includes(flag));
  const what = kind.named === undefined ? "a table" : `--${kind.named}`;
  if (foreign !== undefined)
    throw new Usage(`--${foreign} says nothing of ${what}.`, `--${foreign} 不适用于所请求的统计。`);
  const missing = kind.needs.find((flag) => flags[flag] === undefined);
  if (missing !== undefined) throw new Usage(`${what} needs --${missing}.`, `${what} 还须 --${missing}。`);
  return kind.claim(flags);
}
