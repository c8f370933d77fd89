/** What numpy says of the cases in tests/vectors/federated/moments_cases.json, of the pooled example data. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../../src/store/index.js";
import { inImage } from "../../harness/in-image.js";
import { csvOf } from "../../privacy/disclosure/models/peers.js";

const VECTORS = join(packageRoot(), "tests/vectors/federated");

export interface CovarianceCase {
  kind: "covariance";
  values: string[];
  where?: string;
}

export interface QuantilesCase {
  kind: "quantiles";
  value: string;
  at: string[];
  by?: string;
  where?: string;
}

export interface CovarianceAnswer {
  rows: number;
  covariance: string[][];
  correlation: string[][];
}

export interface QuantilesAnswer {
  groups: { group: string; rows: number; values: string[] }[];
}

const read = (file: string): unknown => JSON.parse(readFileSync(join(VECTORS, file), "utf8"));

export const cases = (): (CovarianceCase | QuantilesCase)[] =>
  (read("moments_cases.json") as { cases: (CovarianceCase | QuantilesCase)[] }).cases;

export const answers = (): (CovarianceAnswer | QuantilesAnswer)[] =>
  (read("moments.json") as { cases: (CovarianceAnswer | QuantilesAnswer)[] }).cases;

export function askNumpy(): Promise<string> {
  const program = readFileSync(join(VECTORS, "make_moments.py"), "utf8");
  const given = { cases: cases(), csv: csvOf("flchain") };
  return inImage("python", ["python3", "-c", program], JSON.stringify(given));
}
