/**
 * Statistics over three domains and a coordinator that holds no data, asked at the command line and released: what comes out
 * is what the pooled data say. How each is computed, and when it is refused, is tested without a network
 * (tests/federated/statistic).
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import Database from "better-sqlite3";
import { packageRoot } from "../../scripts/setup/home.mjs";
import { verifyRelease } from "../../src/federated/verifier.js";
import { Terminal } from "../cli/fixture.js";
import {
  bundleOf,
  collaborate,
  type Domain,
  domainAt,
  FLCHAIN_ROWS,
  fieldOf,
  type Json,
  partsAt,
  resultOf,
  startDomain,
  until,
} from "../harness/index.js";
import { answersIn, cases } from "../privacy/disclosure/models/peers.js";

const COLUMNS = [
  { name: "sex", type: "text", categories: ["F", "M"] },
  { name: "age", type: "integer", bounds: ["50", "101"] },
  { name: "kappa", type: "decimal", bounds: ["0", "30"], decimals: 6 },
  { name: "futime", type: "integer", bounds: ["0", "6000"] },
  { name: "death", type: "integer", bounds: ["0", "1"] },
];

const shown = (value: number): string => String(Number(value.toPrecision(8)));
const values = (name: string, of = FLCHAIN_ROWS): number[] => of.map((row) => Number(fieldOf(row, name)));
const mean = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0) / list.length;

function covariance(a: readonly number[], b: readonly number[]): number {
  const [x, y] = [mean(a), mean(b)];
  return a.reduce((sum, value, i) => sum + (value - x) * (b[i]! - y), 0) / (a.length - 1);
}

describe("three domains and a coordinator", () => {
  let coordinator: Domain;
  let domains: [Domain, Domain, Domain];
  let id: string;

  beforeAll(async () => {
    const parts = partsAt([0, 4_000, 6_500, FLCHAIN_ROWS.length]);
    coordinator = await startDomain("coordinator");
    domains = (await Promise.all(
      ["bureau", "hospital", "insurer"].map((name, i) => startDomain(name, parts[i])),
    )) as typeof domains;
    ({ id } = await collaborate(coordinator, domains, { columns: COLUMNS }));
  }, 120_000);
  afterAll(async () => {
    await Promise.all([coordinator, ...(domains ?? [])].map((d) => d?.node.destroy()));
  });

  /** As an operator asks at the command line; released by two auditors. */
  async function asked(...flags: string[]): Promise<Json> {
    const [bureau] = domains;
    const terminal = new Terminal({ GLOVEBOX_URL: bureau.node.url, GLOVEBOX_TOKEN: bureau.operator.token });
    const { round } = await terminal.must("collab", "stat", id, ...flags);
    const told = await resultOf(bureau, id, round);
    // Of however many steps it took: what all domains said of each is in its bundle.
    expect(verifyRelease(await bundleOf(bureau, told.job)).problems).toEqual([]);
    return told;
  }

  test("covariances and correlations", async () => {
    const { state, result } = await asked("--covariance", "age", "kappa", "death");
    expect(state).toBe("done");
    const columns = { age: values("age"), kappa: values("kappa"), death: values("death") };
    for (const [a, x] of Object.entries(columns))
      for (const [b, y] of Object.entries(columns)) {
        const both = covariance(x, y);
        const correlation = both / Math.sqrt(covariance(x, x) * covariance(y, y));
        expect(result).toContain(`\n${a},${b},7874,${shown(both)},${shown(correlation)}\n`);
      }
  });

  test("quantiles by group", async () => {
    const { state, steps, result, media_type } = await asked(
      ...["--quantiles", "age", "--at", "0.25", "0.5", "--by", "sex"],
    );
    const rows = ["F", "M"].map((sex) => {
      const ages = values(
        "age",
        FLCHAIN_ROWS.filter((row) => fieldOf(row, "sex") === sex),
      ).sort((a, b) => a - b);
      const at = (fraction: number): number => {
        const place = (ages.length - 1) * fraction;
        const [low, high] = [ages[Math.floor(place)]!, ages[Math.ceil(place)]!];
        return low + (high - low) * (place - Math.floor(place));
      };
      return [sex, ages.length, at(0.25), at(0.25), at(0.5), at(0.5)].join(",");
    });
    expect([state, steps, media_type]).toEqual(["done", undefined, "text/csv"]);
    expect(result).toBe(`sex,units,0.25 from,0.25 to,0.5 from,0.5 to\n${rows.join("\n")}\n`);
  });

  test("quantiles of a fine column take several steps, and say between which values they lie", async () => {
    const { state, steps, result } = await asked("--quantiles", "kappa", "--at", "0.5");
    const kappa = values("kappa").sort((a, b) => a - b);
    const median = (kappa[3_936]! + kappa[3_937]!) / 2;
    const [units, from, to] = result.split("\n")[1]!.split(",").map(Number);
    expect([state, units]).toEqual(["done", 7874]);
    expect(steps).toBeGreaterThan(1);
    expect(from <= median && median <= to && to - from < 0.05).toBe(true);
  });

  test("a linear model", async () => {
    const { state, result } = await asked("--model", "ols", "--formula", "kappa ~ age");
    const [x, y] = [values("age"), values("kappa")];
    const slope = covariance(x, y) / covariance(x, x);
    const model = JSON.parse(result);
    expect([state, model.observations]).toEqual(["done", 7874]);
    const [intercept, age] = model.coefficients;
    expect(age.estimate).toBeCloseTo(slope, 9);
    expect(intercept.estimate).toBeCloseTo(mean(y) - slope * mean(x), 7);
    const share = covariance(x, y) ** 2 / (covariance(x, x) * covariance(y, y));
    expect(model.figures.r_squared).toBeCloseTo(share, 8);
  });

  test("a logistic model is that of the pooled file, found step by step", async () => {
    const { state, steps, result } = await asked(
      "--model",
      "logit",
      "--formula",
      "death ~ age + sex + kappa",
    );
    const at = cases().findIndex((c) => c.family === "logit" && c.formula === "death ~ age + sex + kappa");
    const peer = answersIn("statsmodels.json")[at]!;
    const model = JSON.parse(result);
    expect([state, model.observations, model.failure]).toEqual(["done", peer.rows, undefined]);
    expect(steps).toBeGreaterThan(3);
    for (const [name, value] of Object.entries(peer.coefficients)) {
      const own = model.coefficients.find((c: Json) => c.name === name);
      expect([name, own.estimate, own.std_error]).toEqual([
        name,
        Number(shown(Number(value))),
        Number(shown(Number(peer.standard_errors[name]))),
      ]);
    }
    expect(model.figures.log_likelihood).toBe(Number(shown(Number(peer.log_likelihood))));
  });

  test("survival curves and their test are R's of the pooled file with times rounded up", async () => {
    const peer = JSON.parse(readFileSync(join(packageRoot, "tests/vectors/federated/survival.json"), "utf8"))
      .cases[0];
    const flags = [
      "--survival",
      "futime",
      "--event",
      "death",
      "--by",
      "sex",
      "--times",
      peer.times.join(","),
    ];
    const curves = await asked(...flags);
    expect(curves.media_type).toBe("text/csv");
    for (const [sex, steps] of Object.entries(peer.curves as Record<string, Json[]>)) {
      const { time, at_risk, survival } = steps.at(-1)!;
      const line = curves.result.split("\n").find((l: string) => l.startsWith(`${sex},${time},`));
      expect(line).toContain(`,${at_risk},`);
      expect(line).toContain(`,${Number(Number(survival).toPrecision(4))},`);
    }
    const told = JSON.parse((await asked(...flags, "--logrank")).result);
    expect([told.chi_square, told.degrees_of_freedom]).toEqual([
      Number(shown(Number(peer.chi_square))),
      peer.degrees,
    ]);
    expect(told.groups.map((g: Json) => g.observed)).toEqual(peer.observed);
  });

  test("an opener that dies between two steps goes on with its statistic, and opens each step once", async () => {
    const bureau = domains[0];
    const question = ["--quantiles", "kappa", "--at", "0.5", "--where", "sex == 'F'"];
    const whole = await asked(...question);
    const terminal = new Terminal({ GLOVEBOX_URL: bureau.node.url, GLOVEBOX_TOKEN: bureau.operator.token });
    const { round } = await terminal.must("collab", "stat", id, ...question);
    const opened = (db: Database.Database) =>
      db
        .prepare(
          "SELECT round, count(*) AS n FROM board_messages WHERE kind = 'open' AND round >= ? GROUP BY round",
        )
        .all(round) as { round: number; n: number }[];
    const look = new Database(`${bureau.node.dataDir}/glovebox.db`, { readonly: true });
    await until(() => opened(look).length > 1, "the second step is opened");
    look.close();
    await bureau.node.kill9();
    domains[0] = domainAt(bureau, await bureau.node.restart());
    const told = await resultOf(domains[0], id, round);
    expect([told.state, told.steps, told.result]).toEqual(["done", whole.steps, whole.result]);
    const after = new Database(`${domains[0].node.dataDir}/glovebox.db`, { readonly: true });
    expect(opened(after).map(({ n }) => n)).toEqual(new Array(whole.steps).fill(1));
    after.close();
  });
});
