/**
 * What statsmodels and R say of the cases in tests/vectors/models/cases.json, asked in the images that researchers' programs
 * run in: the committed answers are held against fresh ones by peers.full.test.ts.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { packageRoot } from "../../../../src/store/index.js";
import { inImage } from "../../../harness/in-image.js";

export const VECTORS = join(packageRoot(), "tests/vectors/models");

export interface ModelCase {
  data: string;
  family: "ols" | "logit" | "probit" | "poisson" | "cox";
  /** As statsmodels takes it; `node` and `r` where they differ. */
  formula: string;
  node?: string;
  r?: string;
  r_skip?: string;
  ties?: "efron" | "breslow";
}

export interface PeerAnswer {
  rows: number;
  log_likelihood: string;
  coefficients: Record<string, string>;
  standard_errors: Record<string, string>;
}

export const cases = (): ModelCase[] =>
  (JSON.parse(readFileSync(join(VECTORS, "cases.json"), "utf8")) as { cases: ModelCase[] }).cases;

export const answersIn = (file: string): PeerAnswer[] =>
  (JSON.parse(readFileSync(join(VECTORS, file), "utf8")) as { cases: PeerAnswer[] }).cases;

export function csvOf(data: string): string {
  if (data === "flchain") return readFileSync(join(packageRoot(), "examples/data/flchain.csv"), "utf8");
  return gunzipSync(readFileSync(join(VECTORS, "data", `${data}.csv.gz`))).toString("utf8");
}

const dataOf = (of: readonly ModelCase[]) => [...new Set(of.map(({ data }) => data))];

export function askStatsmodels(of: readonly ModelCase[]): Promise<string> {
  const program = readFileSync(join(VECTORS, "make_statsmodels.py"), "utf8");
  const given = { cases: of, data: Object.fromEntries(dataOf(of).map((name) => [name, csvOf(name)])) };
  return inImage("python", ["python3", "-c", program], JSON.stringify(given));
}

export function askR(of: readonly ModelCase[]): Promise<string> {
  const program = readFileSync(join(VECTORS, "make_r.R"), "utf8");
  const lines = of.map(({ data, family, formula, r, ties }) =>
    [data, family, r ?? formula, ties ?? ""].join("\t"),
  );
  const data = dataOf(of).flatMap((name) => {
    const rows = csvOf(name).trimEnd().split("\n");
    return [`${name}\t${rows.length}`, ...rows];
  });
  return inImage("r", ["Rscript", "-e", program], [String(of.length), ...lines, ...data, ""].join("\n"));
}
