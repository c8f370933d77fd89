/** What statsmodels and R say of models and curves of the pooled example data: tests/vectors/federated/{glm,survival}.json. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../../src/store/index.js";
import { inImage } from "../../harness/in-image.js";

const VECTORS = join(packageRoot(), "tests/vectors/federated");

const DATA = ["flchain", "nafld1"] as const;
const csvOf = (name: string): string =>
  readFileSync(join(packageRoot(), `examples/data/${name}.csv`), "utf8").trimEnd();

export const vectorsIn = (file: string): { cases: unknown[] } =>
  JSON.parse(readFileSync(join(VECTORS, file), "utf8")) as { cases: unknown[] };

export function askStatsmodels(): Promise<string> {
  const program = readFileSync(join(VECTORS, "make_glm.py"), "utf8");
  const given = Object.fromEntries(DATA.map((name) => [name, csvOf(name)]));
  return inImage("python", ["python3", "-c", program], JSON.stringify(given));
}

export function askR(): Promise<string> {
  const program = readFileSync(join(VECTORS, "make_survival.R"), "utf8");
  const parts = DATA.flatMap((name) => {
    const csv = csvOf(name);
    return [`${name}\t${csv.split("\n").length}`, csv];
  });
  return inImage("r", ["Rscript", "-e", program], `${parts.join("\n")}\n`);
}
