/** One filter keeps the same rows in SQL, Python and R; where those languages by themselves keep others, it is told. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import {
  type ExpressionColumns as Columns,
  columnsOf,
  type ExpressionColumn,
  emitSql as emit,
  type Filter,
  filterFromPython,
  filterFromR,
  filterFromSql,
  filterText,
  keepsRow as keeps,
  parseValue,
  type ExpressionRow as Row,
  readFilter,
} from "../../../src/privacy/expression/index.js";
import { packageRoot } from "../../../src/store/index.js";
import { GloveboxError } from "../../../src/vocabulary/index.js";
import { type Duck, openDuck } from "./duck.js";
import { type Kept, type PandasAnswer, pandasAnswers } from "./pandas.js";

interface Vector {
  name: string;
  sql: string;
  python?: string;
  r: string;
  rows: number[];
  duckdb?: { rows: Kept; why: string };
  pandas?: Partial<PandasAnswer> & { why: string };
}

interface Refused {
  syntax: "sql" | "python" | "r";
  text: string;
  code: string;
  at: string | null;
  says: string;
}

const read = <T>(name: string): T =>
  JSON.parse(readFileSync(join(packageRoot(), "tests/vectors/expression", name), "utf8")) as T;
const file = read<{ columns: ExpressionColumn[]; rows: (string | null)[][]; filters: Vector[] }>(
  "filters.json",
);
const columns: Columns = columnsOf(file.columns);
const rows: Row[] = file.rows.map((values) =>
  Object.fromEntries(
    file.columns.map(({ name, type }, i) => {
      const text = values[i] ?? null;
      return [name, text === null ? null : (parseValue(type, String(text)) ?? null)];
    }),
  ),
);

let duck: Duck;
beforeAll(async () => {
  duck = await openDuck();
  await duck.load("rows", columns, rows);
});
afterAll(() => duck.close());

const inSyntax = (syntax: Refused["syntax"], text: string): Filter | Promise<Filter> => {
  if (syntax === "sql") return filterFromSql(text, duck.serialize, columns);
  return syntax === "python" ? filterFromPython(text, columns) : filterFromR(text, columns);
};

const written = (v: Vector): [Refused["syntax"], string][] => [
  ["sql", v.sql],
  ...(v.python === undefined ? [] : ([["python", v.python]] as [Refused["syntax"], string][])),
  ["r", v.r],
];

const evaluated = ({ where }: Filter): number[] =>
  rows.flatMap((row, i) => (keeps(where, row) ? [Number(file.rows[i]?.[0])] : []));

const inDuck = async (sql: {
  sql: string;
  parameters: { type: "text"; value: string }[];
}): Promise<number[]> =>
  (await duck.values("rows", [sql])).flatMap(([kept], i) =>
    kept === true ? [Number(file.rows[i]?.[0])] : [],
  );

describe.each(file.filters.map((v): [string, Vector] => [v.name, v]))("%s", (_, v) => {
  test("keeps its rows in each syntax, by the evaluator and by DuckDB", async () => {
    for (const [syntax, text] of written(v)) {
      const filter = await inSyntax(syntax, text);
      const { sql, parameters } = emit(filter.where, columns);
      const asText = parameters.map(({ value }) => ({ type: "text" as const, value }));
      expect([syntax, evaluated(filter)]).toEqual([syntax, v.rows]);
      expect([syntax, await inDuck({ sql, parameters: asText })]).toEqual([syntax, v.rows]);
    }
  });

  test("has one canonical form, which is read back as it is", async () => {
    const texts = new Set<string>();
    for (const [syntax, text] of written(v)) {
      const filter = await inSyntax(syntax, text);
      texts.add(filterText(filter));
      expect(filterText(readFilter(JSON.parse(filterText(filter)), columns))).toBe(filterText(filter));
    }
    expect([...texts]).toHaveLength(1);
  });

  test("is what DuckDB says of the SQL as it is written, but where told", async () => {
    const plain = await inDuck({ sql: `(${v.sql})`, parameters: [] }).catch(() => "error");
    expect(plain).toEqual(v.duckdb?.rows ?? v.rows);
  });
});

describe("what only one syntax has", () => {
  test.each([
    "sex IS DISTINCT FROM 'F'",
    "sex IS NOT DISTINCT FROM 'F'",
    'age IS NOT DISTINCT FROM "flc.grp"',
    "kappa IS DISTINCT FROM NULL",
    "dead IS TRUE",
    "dead IS NOT TRUE",
    "dead IS NOT FALSE",
    "(kappa > 3) IS NOT TRUE",
    "if(dead, age > 55, age > 70)",
    "ifnull(age, 0) = 0",
    "nullif(age, 60) > 55",
    "CASE age WHEN 60 THEN true WHEN 61 THEN dead ELSE false END",
    "CASE WHEN age > 60 THEN NULL ELSE true END",
    "extract(year FROM born) = 1950 OR date_part('isodow', seen) = 1",
    "date_diff('day', born, \"left\") > 20000",
    "seen = '2001-01-08'::TIMESTAMP",
    "seen >= born",
    "age NOT BETWEEN 59 AND 61",
    "sex NOT LIKE '_' AND sex NOT LIKE 'f%' ESCAPE '!'",
    "starts_with(sex, 'f') OR ends_with(sex, '%') OR contains(sex, '女')",
    "age = 60.0 AND age < 60.5",
    "age::DOUBLE / 7 > 8.5",
    "kappa = -2.0 OR kappa = 1e300",
    "+age > -(-59) AND NOT (age IN (60.0, 61.5))",
    "true AND NOT false AND age > 9223372036854775806 - 9223372036854775747",
  ])("SQL, as DuckDB has it: %s", async (text) => {
    const plain = await inDuck({ sql: `(${text})`, parameters: [] });
    const { where } = await filterFromSql(text, duck.serialize, columns);
    expect(evaluated({ version: 1, where })).toEqual(plain);
    const { sql, parameters } = emit(where, columns);
    expect(
      await inDuck({ sql, parameters: parameters.map(({ value }) => ({ type: "text", value })) }),
    ).toEqual(plain);
  });

  test.each([
    [
      "case_when(age >= 60 ~ kappa > 2, TRUE ~ kappa > 0)",
      "CASE WHEN age >= 60 THEN kappa > 2 ELSE kappa > 0 END",
    ],
    ["case_when(dead ~ age, .default = 0) > 50", "CASE WHEN dead THEN age ELSE 0 END > 50"],
    ["if_else(dead, 1, 2) == 1", "CASE WHEN dead THEN 1 WHEN NOT dead THEN 2 END = 1"],
    ["as.integer(left - born) > 20000 & mday(born) == 1", '"left" - born > 20000 AND day(born) = 1'],
    ["60L %in% age", null],
    ['sex %in% "F"', "sex = 'F'"],
    ["-age %in% c(-60, -61)", "-age IN (-60, -61)"],
    ["-2^2 + age == 56", "-(2 ** 2) + age = 56"],
  ])("R: %s", async (text, sql) => {
    if (sql === null) expect(() => filterFromR(text, columns)).toThrow(GloveboxError);
    else
      expect(filterText(filterFromR(text, columns))).toBe(
        filterText(await filterFromSql(sql, duck.serialize, columns)),
      );
  });
});

describe("pandas, in the sandbox's image", () => {
  const asked = file.filters.filter(({ python }) => python !== undefined);
  let answers: PandasAnswer[];
  beforeAll(async () => {
    answers = await pandasAnswers({ ...file, queries: asked.map(({ python }) => String(python)) });
  });

  test.each(asked.map((v, i): [string, Vector, number] => [v.name, v, i]))(
    "%s: keeps the same rows, but where told",
    (_, v, i) => {
      expect(answers[i]).toEqual({
        plain: v.pandas?.plain ?? v.rows,
        nullable: v.pandas?.nullable ?? v.rows,
      });
    },
  );
});

describe("what is refused says where and what instead", () => {
  test.each(read<{ refused: Refused[] }>("refused.json").refused)("$syntax: $text", async (v) => {
    const error = await (async () => inSyntax(v.syntax, v.text))().catch((e: unknown) => e);
    expect(error).toBeInstanceOf(GloveboxError);
    const { code, params } = error as GloveboxError;
    expect(`${code} ${params.detail}`).toContain(v.says);
    expect(code).toBe(v.code);
    if (v.at !== null) expect(params.errors?.[0]?.path).toBe(v.at);
  });
});
