/** flchain, published with declared bounds and categories, a grant of ρ and δ on it, and the engine itself. */
import { createReadStream } from "node:fs";
import { join } from "node:path";
import {
  createEngine,
  type DatasetInput,
  type Engine,
  type QueryAnswer,
} from "../../../src/catalog/index.js";
import { packageRoot } from "../../../src/store/index.js";
import { type CatalogFixture, type CatalogOptions, catalogFixture, give } from "../fixture.js";

export const FLCHAIN = join(packageRoot(), "examples", "data", "flchain.csv");

export const COLUMNS: NonNullable<DatasetInput["columns"]> = [
  { name: "id", class: "identifier" },
  { name: "age", nullable: false, bounds: [50, 101], unit: "year" },
  { name: "sex", nullable: false, categories: ["F", "M"] },
  { name: "kappa", nullable: false, class: "sensitive", bounds: [0, 30], unit: "mg/dL" },
  { name: "lambda", nullable: false, bounds: [0, 30], unit: "mg/dL" },
  { name: "flc.grp", nullable: false, bounds: [1, 10] },
  { name: "creatinine", bounds: [0, 15] },
  { name: "futime", nullable: false, bounds: [0, 6000], unit: "day" },
  { name: "death", nullable: false, bounds: [0, 1] },
];

export interface QueryFixture extends CatalogFixture<Engine> {
  stop(): Promise<void>;
  /** Asks as the researcher. */
  ask(sql: string, more?: { epsilon?: string; delta?: string; datasets?: string[] }): Promise<QueryAnswer>;
}

/** Answers come when they are ready, unless deadlines are kept. */
export async function queryFixture(
  options: CatalogOptions = { queryPace: (work) => work },
  engine: Engine = createEngine(),
): Promise<QueryFixture> {
  const f = catalogFixture(options, engine);
  f.catalog.datasets.create(f.owner, {
    name: "flchain",
    unit_column: "id",
    auditors: ["auditor"],
    columns: COLUMNS,
    answer_ms: 800,
    budget: { rho: "100", delta: "1e-3" },
  });
  await f.catalog.datasets.putContent(f.owner, "flchain", createReadStream(FLCHAIN), "text/csv");
  f.catalog.datasets.assess(f.owner, "flchain");
  f.catalog.datasets.publish(f.owner, "flchain");
  give(f, "flchain", { access: "query", rho: "50", delta: "1e-4" });
  const end = async () => {
    await f.engine.close();
    f.end();
  };
  return {
    ...f,
    stop: end,
    ask: async (sql, more = {}) =>
      (await f.catalog.queries.ask(f.researcher, {
        datasets: ["flchain"],
        sql,
        epsilon: "1",
        ...more,
      })) as QueryAnswer,
  };
}
