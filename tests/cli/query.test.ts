/** A question in SQL at the command line, on a node of its own: price, answer, repeat, and what is refused. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import {
  FLCHAIN_COLUMNS,
  FLCHAIN_CSV,
  type RunningNode,
  startNode,
  type TempDir,
  tempDir,
} from "../harness/index.js";
import { Terminal } from "./fixture.js";

let node: RunningNode;
let dir: TempDir;
let lin: Terminal;
let owner: Terminal;

const SQL = "SELECT sex, count(*) AS n, avg(kappa) AS kappa FROM flchain GROUP BY sex";

beforeAll(async () => {
  dir = tempDir("query");
  node = await startNode({ workers: 0 });
  const at = (name: string) => join(dir.path, name);
  writeFileSync(
    at("describe.json"),
    JSON.stringify({ columns: FLCHAIN_COLUMNS, answer_ms: 2500, budget: { rho: "1", delta: "1e-5" } }),
  );
  const logIn = async (name: string, token: string): Promise<Terminal> => {
    const person = new Terminal({ GLOVEBOX_PROFILE: at(name) });
    await person.must("login", "--url", node.url, "--token", token);
    return person;
  };
  const admin = await logIn("admin", node.adminToken);
  const add = async (name: string, role: string) =>
    logIn(name, (await admin.must("principal", "add", name, "--role", role)).token);
  owner = await add("bureau", "owner");
  lin = await add("lin", "researcher");
  const described = ["--unit", "id", "--describe", at("describe.json")];
  await owner.must("dataset", "add", FLCHAIN_CSV, "--name", "flchain", ...described);
  await owner.must("dataset", "assess", "flchain");
  await owner.must("dataset", "publish", "flchain");
  const terms = ["--access", "query", "--rho", "0.2", "--delta", "1e-6"];
  await owner.must(
    ...["grant", "add", "--dataset", "flchain", "--principal", "lin", "--purpose", "kappa by sex", ...terms],
  );
}, 120_000);
afterAll(async () => {
  await node?.destroy();
  dir?.remove();
});

const query = (...words: string[]) => lin.run("query", "--dataset", "flchain", ...words);

describe("glovebox query", () => {
  test("says beforehand what it would cost and how exact it would be", async () => {
    const ran = await query("--epsilon", "0.5", "--quote", SQL);
    expect(ran.code).toBe(0);
    expect(ran.stdout).toMatch(/n +integer +± \d+/);
    expect(ran.stdout).toMatch(/would cost +ρ 0\.\d+/);
    expect(ran.stdout).toMatch(/left now +ρ 0\.2/);
  });

  test("prints a table with ± and what is left", async () => {
    const ran = await query("--epsilon", "0.5", SQL);
    expect(ran.stderr).toBe("");
    expect(ran.stdout).toMatch(/^sex +n +kappa\n/);
    expect(ran.stdout).toMatch(/F +4\d{3} ± \d+ +1\.\d+ ± 0\.\d+/);
    expect(ran.stdout).toMatch(/left +ρ 0\.1\d/);
    expect(ran.stdout).toMatch(/ledger entry +\d+/);
  });

  test("asked again gives the same table and costs nothing", async () => {
    const [first, again] = [await query("--epsilon", "0.5", SQL), await query("--epsilon", "0.50", SQL)];
    expect(again.stdout).toBe(first.stdout);
    expect(again.stdout).toContain("asked before");
  });

  test("past the budget ends with 3 and says what is left", async () => {
    const ran = await query("--epsilon", "20", "SELECT count(*) FROM flchain");
    expect(ran.code).toBe(3);
    expect(ran.stderr).toContain("(budget_exhausted)");
    expect(ran.stderr).toMatch(/your grant's share has ρ 0\.1/);
  });

  test("what is not supported names its place and the nearest form", async () => {
    const ran = await query("--epsilon", "0.1", "SELECT max(age) FROM flchain");
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain("character 8");
    expect(ran.stderr).toContain("quantile(x, 0.99)");
  });

  test("--json gives the answer as the API does", async () => {
    const answer = await lin.must("query", "--dataset", "flchain", "--epsilon", "0.5", SQL);
    expect(Object.keys(answer).sort()).toEqual(
      ["charge", "columns", "intervals", "ledger_index", "left", "mechanism", "repeated", "rows"].sort(),
    );
  });
});

describe("glovebox dataset synth", () => {
  const synth = (...words: string[]) => ["dataset", "synth", "flchain", ...words];
  const columns = ["--columns", "age", "sex", "kappa", "death"];

  test("with --epsilon says its price, then writes records that are the same when asked again", async () => {
    const quote = await lin.run(...synth("--epsilon", "0.5", ...columns, "--quote"));
    expect(quote.stdout).toMatch(/would cost +ρ 0\.\d+/);
    expect(quote.stdout).toMatch(/pairs +chosen by the data/);
    const [first, again] = [join(dir.path, "first.csv"), join(dir.path, "again.csv")];
    const made = await lin.run(...synth("--epsilon", "0.5", ...columns, "-o", first));
    expect(made.stdout).toMatch(/^.*first\.csv \(\d+\.\d kB\)\n/);
    expect(made.stdout).toMatch(/records +\d{4}\n/);
    const repeated = await lin.must(...synth("--epsilon", "0.5", ...columns, "-o", again));
    expect(repeated.repeated).toBe(true);
    const csv = readFileSync(first, "utf8");
    expect(csv.startsWith("age,sex,kappa,death\n")).toBe(true);
    expect(readFileSync(again, "utf8")).toBe(csv);
    const compared = await owner.run(
      "dataset",
      "compare",
      "flchain",
      repeated.charge.id,
      "--target",
      "death",
    );
    expect(compared.stdout).toMatch(/age × sex +\d/);
    expect(compared.stdout).toMatch(/trained on records +\d\d(\.\d)? % right, AUC 0\.\d+/);
    expect((await lin.run("dataset", "compare", "flchain", repeated.charge.id)).code).not.toBe(0);
  });

  test("without --epsilon gives the twin, and takes no flag that only noise has", async () => {
    const twin = await lin.must(...synth("-o", join(dir.path, "twin.csv")));
    expect(twin.bytes).toBeGreaterThan(0);
    const ran = await lin.run(...synth("--columns", "age"));
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain("--epsilon");
  });
});
