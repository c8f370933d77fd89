/** Synthetic records of flchain, through the engine, charges and the ledger; and what only their owner is told. */
import { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { SyntheticAnswer, SyntheticInput, SyntheticQuote } from "../../../src/catalog/index.js";
import { entriesOf, give, outcomeOf } from "../fixture.js";
import { COLUMNS as COLUMNS_DECLARED, type QueryFixture, queryFixture } from "../queries/fixture.js";

let f: QueryFixture;
/** Deadlines that were kept, in milliseconds; here they pass as soon as the work is done. */
const deadlines: number[] = [];
beforeAll(async () => {
  f = await queryFixture({
    queryPace: (work, ms) => {
      deadlines.push(ms);
      return work;
    },
  });
});
afterAll(() => f.stop());

const COLUMNS = ["age", "sex", "kappa", "lambda", "death"];
const asked = (more: Partial<SyntheticInput> = {}): SyntheticInput => ({
  epsilon: "2",
  columns: COLUMNS,
  ...more,
});
const ask = async (more: Partial<SyntheticInput> = {}) =>
  (await f.catalog.synthetic.ask(f.researcher, "flchain", asked(more))) as SyntheticAnswer;
const left = () => f.catalog.datasets.budget(f.researcher, "flchain").rho.left;

describe("synthetic records", () => {
  test("are a file of the columns asked for, with about as many rows, each within its bounds", async () => {
    const answer = await ask();
    const [header, ...lines] = answer.csv.trimEnd().split("\n");
    expect(header).toBe(COLUMNS.join(","));
    expect(lines).toHaveLength(answer.rows);
    expect(Math.abs(answer.rows - 7874)).toBeLessThan(300);
    for (const line of lines) {
      const [age, sex, kappa, , death] = line.split(",");
      expect(Number(age)).toBeGreaterThanOrEqual(50);
      expect(Number(age)).toBeLessThanOrEqual(101);
      expect(["F", "M"]).toContain(sex);
      expect(Number(kappa)).toBeLessThanOrEqual(30);
      expect(["0", "1"]).toContain(death);
    }
    expect(answer.tree).toHaveLength(COLUMNS.length - 1);
    expect(answer.expected_errors).toHaveLength(2 * COLUMNS.length - 1);
  });

  test("are paid before they exist, kept, and given again at no cost, byte for byte", async () => {
    const answer = await ask({ epsilon: "1" });
    expect(entriesOf(f, answer.charge.id)).toEqual(["charge.made", "charge.answered"]);
    expect(Number(answer.charge.rho)).toBeGreaterThan(0.01);
    expect(answer.charge.delta).toBe("0");
    const after = left();
    const again = await ask({ epsilon: "1.0", delta: "0.000001" });
    expect(again).toMatchObject({ csv: answer.csv, charge: answer.charge, repeated: true });
    expect(left()).toBe(after);
    const other = await ask({ epsilon: "1", bins: 5 });
    expect(other.charge.id).not.toBe(answer.charge.id);
  });

  test("are priced by a quote that touches nothing, at what they then cost", async () => {
    const before = left();
    const input = asked({ epsilon: "0.7", quote: true });
    const quote = (await f.catalog.synthetic.ask(f.researcher, "flchain", input)) as SyntheticQuote;
    expect(quote).toMatchObject({ quote: true, tree: "chosen", fits: true, free: false });
    expect(quote.columns.map(({ name }) => name)).toEqual(COLUMNS);
    expect(left()).toBe(before);
    const { charge } = await ask({ epsilon: "0.7" });
    expect(charge).toMatchObject(quote.charge);
  });

  test("hold every column that has something declared when none is named, and never the unit", async () => {
    const { columns, left_out, csv } = await ask({ columns: undefined, epsilon: "3", bins: 6 });
    expect(columns.map(({ name }) => name)).toEqual([
      "age",
      "sex",
      "kappa",
      "lambda",
      "flc.grp",
      "creatinine",
      "futime",
      "death",
    ]);
    expect(left_out).toEqual(expect.arrayContaining(["sample.yr", "mgus", "chapter"]));
    expect(csv.split("\n")[0]).not.toMatch(/(^|,)id(,|$)/);
  });

  test.each([
    [{ columns: ["chapter"] }, "invalid_input"],
    [{ columns: ["id"] }, "invalid_input"],
    [{ columns: ["none"] }, "invalid_input"],
    [{ columns: ["age", "age"] }, "invalid_input"],
    [{ delta: "0" }, "invalid_input"],
    [{ epsilon: "0" }, "invalid_input"],
    [{ bins: 1 }, "invalid_input"],
  ] satisfies [Partial<SyntheticInput>, string][])(
    "are refused for %j with %s, and nothing is charged",
    async (more, code) => {
      const before = left();
      expect(await outcomeOf(ask(more))).toBe(code);
      expect(left()).toBe(before);
    },
  );

  test("are sent at a deadline that its owner's answer_ms sets, four times over", async () => {
    deadlines.length = 0;
    await ask({ epsilon: "0.3", columns: ["sex"] });
    expect(deadlines).toEqual([3200]);
  });

  test("are for grantees: nobody else, not even the owner, is given any", async () => {
    for (const actor of [f.operator, f.owner, f.auditor])
      expect(await outcomeOf(f.catalog.synthetic.ask(actor, "flchain", asked()))).toBe("no_grant");
  });
});

test("past the grant's share they are refused, and nothing is charged", async () => {
  give(f, "flchain", { principal: "operator", access: "query", rho: "0.001", delta: "1e-9" });
  const asking = f.catalog.synthetic.ask(f.operator, "flchain", asked({ epsilon: "1" }));
  expect(await outcomeOf(asking)).toBe("budget_exhausted");
  expect(f.catalog.datasets.budget(f.operator, "flchain")).toMatchObject({
    rho: { spent: "0" },
    charges: [],
  });
});

test("over hardly anybody, all of them alike, they differ in nothing but noisy values", async () => {
  const people = [
    '"id","age","sex","sample.yr","kappa","lambda","flc.grp","creatinine","mgus","futime","death","chapter"',
  ];
  for (let i = 0; i < 12; i++)
    people.push(`"P${i}",101,"F",1997,29.5,0.5,1,${i === 0 ? "1.5" : ""},0,0,1,"Chapter ${i}"`);
  f.catalog.datasets.create(f.owner, {
    name: "few",
    unit_column: "id",
    columns: COLUMNS_DECLARED,
    answer_ms: 800,
    budget: { rho: "100", delta: "1e-3" },
  });
  const content = Readable.from([`${people.join("\n")}\n`]);
  await f.catalog.datasets.putContent(f.owner, "few", content, "text/csv");
  f.catalog.datasets.assess(f.owner, "few");
  f.catalog.datasets.publish(f.owner, "few");
  give(f, "few", { access: "query", rho: "50", delta: "1e-4" });
  deadlines.length = 0;
  const few = (await f.catalog.synthetic.ask(f.researcher, "few", asked())) as SyntheticAnswer;
  const whole = await ask();
  const { columns, left_out, charge } = whole;
  expect(few).toMatchObject({ columns, left_out, charge: { rho: charge.rho, delta: charge.delta } });
  expect(few.tree).toHaveLength(whole.tree.length);
  expect(few.csv.split("\n")[0]).toBe(whole.csv.split("\n")[0]);
  expect(few.rows).toBeLessThan(500);
  expect(new Set(deadlines)).toEqual(new Set([3200]));
});

describe("the comparison with the data", () => {
  test("tells the owner how far each column and pair is off, and what a model trained on the records is worth", async () => {
    const { charge, rows } = await ask();
    const compared = await f.catalog.synthetic.compare(f.owner, "flchain", charge.id, { target: "death" });
    expect(compared.rows).toEqual({ synthetic: rows, real: 7874 });
    expect(compared.marginals).toHaveLength(5 + 10);
    expect(compared.mean.columns).toBeLessThan(0.03);
    expect(compared.mean.pairs).toBeLessThan(0.12);
    const model = compared.model!;
    expect(model.tested).toBeGreaterThan(3000);
    expect(model.real!.auc).toBeGreaterThan(0.78);
    expect(model.synthetic!.auc).toBeGreaterThan(model.real!.auc - 0.08);
    console.info(
      `flchain at ε = 2: columns ${compared.mean.columns.toFixed(4)}, pairs ${compared.mean.pairs!.toFixed(4)}, ` +
        `AUC ${model.synthetic!.auc.toFixed(3)} against ${model.real!.auc.toFixed(3)}`,
    );
  });

  test("is for the owner alone, and for charges that made records", async () => {
    const { charge } = await ask();
    const compare = (actor = f.owner, id: string = charge.id, target?: string) =>
      outcomeOf(f.catalog.synthetic.compare(actor, "flchain", id, target ? { target } : {}));
    expect(await compare(f.researcher)).toBe("forbidden");
    expect(await compare(f.auditor)).toBe("forbidden");
    expect(await compare(f.otherOwner)).toBe("forbidden");
    const query = await f.ask("SELECT count(*) FROM flchain");
    expect(await compare(f.owner, query.charge.id)).toBe("not_found");
    expect(await compare(f.owner, "chg_00000000000000000000000000")).toBe("not_found");
    expect(await compare(f.owner, charge.id, "age")).toBe("invalid_input");
    expect(await compare(f.owner, charge.id, "none")).toBe("invalid_input");
  });
});
