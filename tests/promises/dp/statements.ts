/**
 * SQL as people and attackers write it: from a grammar of what is supported and its neighbourhood, and by mutating
 * DuckDB's own syntax, token by token.
 */
import fc from "fast-check";

const pick = (...list: string[]): fc.Arbitrary<string> => fc.constantFrom(...list);

const column = pick(
  "age",
  "big",
  "x",
  "sex",
  "town",
  "dead",
  "born",
  "seen",
  "wide",
  "id",
  "cost",
  "kind",
  "nothere",
  "p.age",
);
const number = pick(
  "0",
  "1",
  "-1",
  "2.5",
  "1e3",
  "1e-320",
  "9223372036854775807",
  "-9223372036854775808",
  "99999999999999999999",
  "1e308",
  "0.1",
);
const text = pick("'F'", "'canary_text'", "''", "'it''s'", "'1950-05-01'", "'%a_'", "'\u{1f600}'");

const value: fc.Memo<string> = fc.memo((n) =>
  n <= 1
    ? fc.oneof(
        { weight: 4, arbitrary: column },
        { weight: 2, arbitrary: number },
        { weight: 1, arbitrary: text },
      )
    : fc.oneof(
        value(1),
        fc
          .tuple(value(n - 1), pick("+", "-", "*", "/", "//", "%", "^", "||"), value(n - 1))
          .map(([a, o, b]) => `(${a} ${o} ${b})`),
        fc
          .tuple(
            pick(
              "abs",
              "sqrt",
              "ln",
              "exp",
              "year",
              "month",
              "isodow",
              "error",
              "floor",
              "random",
              "hash",
              "getenv",
              "length",
            ),
            value(n - 1),
          )
          .map(([f, a]) => `${f}(${a})`),
        fc
          .tuple(condition(n - 1), value(n - 1), value(n - 1))
          .map(([c, a, b]) => `CASE WHEN ${c} THEN ${a} ELSE ${b} END`),
        fc.tuple(value(n - 1), value(n - 1)).map(([a, b]) => `coalesce(${a}, ${b})`),
        fc
          .tuple(
            value(n - 1),
            pick("INTEGER", "DOUBLE", "VARCHAR", "DATE", "BOOLEAN", "HUGEINT", "INTEGER[]"),
          )
          .map(([a, t]) => `CAST(${a} AS ${t})`),
        fc.tuple(value(n - 1), number, number).map(([a, l, h]) => `clamp(${a}, ${l}, ${h})`),
      ),
);

const condition: fc.Memo<string> = fc.memo((n) =>
  n <= 1
    ? fc.oneof(pick("dead", "TRUE", "sex = 'F'", "age >= 60", "town IS NULL", "born > DATE '1950-01-01'"))
    : fc.oneof(
        condition(1),
        fc
          .tuple(value(n - 1), pick("=", "<>", "<", ">=", "IS DISTINCT FROM", "LIKE"), value(n - 1))
          .map((p) => p.join(" ")),
        fc.tuple(condition(n - 1), pick("AND", "OR"), condition(n - 1)).map((p) => `(${p.join(" ")})`),
        condition(n - 1).map((c) => `NOT (${c})`),
        fc.tuple(value(n - 1), value(n - 1), value(n - 1)).map(([a, b, c]) => `${a} IN (${b}, ${c})`),
        fc.tuple(value(n - 1), value(n - 1), value(n - 1)).map(([a, b, c]) => `${a} BETWEEN ${b} AND ${c}`),
      ),
);

const aggregate = fc.oneof(
  pick(
    "count(*)",
    "count(DISTINCT id)",
    "count(DISTINCT age)",
    "count(town)",
    "median(age)",
    "histogram(age, 4)",
    "histogram(x, 3)",
    "max(age)",
    "string_agg(town, ',')",
    "sum(wide)",
    "var_pop(wide)",
    "stddev(x)",
    "sum(big)",
  ),
  fc
    .tuple(pick("sum", "avg", "variance", "stddev_pop", "median", "count", "min"), value(3))
    .map(([f, v]) => `${f}(${v})`),
  fc.tuple(value(2), pick("0.5", "0.99", "2", "age")).map(([v, q]) => `quantile(${v}, ${q})`),
  fc.tuple(value(2), condition(2)).map(([v, c]) => `avg(${v}) FILTER (WHERE ${c})`),
  fc
    .tuple(pick("sum(age)", "count(*)", "avg(x)"), pick("+", "/", "*"), pick("count(*)", "100", "avg(age)"))
    .map((p) => p.join(" ")),
);

const from = fc.oneof(
  { weight: 5, arbitrary: pick("people", "people p", "visits") },
  {
    weight: 3,
    arbitrary: pick(
      "people p JOIN visits v ON p.id = v.person",
      "people p LEFT JOIN visits v ON v.person = p.id",
      "people a JOIN people b USING (id)",
      "people p JOIN visits v ON p.age = v.kind",
      "people p, visits v",
      "people CROSS JOIN visits",
      "(SELECT id, age, x, sex FROM people WHERE age > 20) p",
      "(SELECT id, sum(x) AS x, count(*) AS age FROM people GROUP BY id) p",
      "(SELECT person AS id, max(cost) AS x, avg(cost) AS age FROM visits GROUP BY person HAVING count(*) > 1) q",
      "(SELECT sex, count(*) AS age FROM people GROUP BY sex) q",
      "(SELECT * FROM people) s",
      "secret",
      "main.secret",
      "data",
      "duckdb_settings()",
      "read_parquet('/etc/passwd')",
      "'x.csv'",
      "information_schema.tables",
      "range(10) t(age)",
      "(VALUES (1)) v(age)",
    ),
  },
);

const tail = fc.tuple(
  fc.oneof(
    { weight: 2, arbitrary: fc.constant("") },
    condition(3).map((c) => ` WHERE ${c}`),
  ),
  fc.oneof(
    { weight: 1, arbitrary: fc.constant("") },
    {
      weight: 2,
      arbitrary: pick(
        " GROUP BY sex",
        " GROUP BY town",
        " GROUP BY dead, kind",
        " GROUP BY ALL",
        " GROUP BY 1",
        " GROUP BY CUBE (sex)",
        " GROUP BY born",
      ),
    },
  ),
  pick(
    "",
    "",
    "",
    " HAVING count(*) > 2",
    " HAVING avg(age) > 3 AND sex = 'F'",
    " HAVING age > 3",
    " QUALIFY 1 = 1",
  ),
  pick(
    "",
    "",
    "",
    " ORDER BY 1",
    " ORDER BY count(*) DESC NULLS FIRST",
    " ORDER BY random()",
    " ORDER BY canary_alias",
  ),
  pick("", "", "", " LIMIT 2", " LIMIT 1 OFFSET 1", " LIMIT 10%", " LIMIT (SELECT 1)"),
  pick("", "", "", "", ";", "; DROP TABLE secret", " UNION ALL SELECT 1", " -- canary_comment"),
);

/** From the grammar. */
export const written: fc.Arbitrary<string> = fc
  .tuple(
    pick(
      "",
      "",
      "",
      "WITH c AS (SELECT id, age, x FROM people) ",
      "WITH RECURSIVE c AS (SELECT 1) ",
      "EXPLAIN ",
      "DESCRIBE ",
    ),
    fc.array(
      fc.oneof(
        { weight: 4, arbitrary: aggregate },
        pick(
          "sex",
          "town",
          "dead",
          "*",
          "CASE WHEN age < 18 THEN 'canary_label' ELSE 'adult' END",
          "dead AS canary_alias",
        ),
      ),
      { minLength: 1, maxLength: 3 },
    ),
    from,
    tail,
  )
  .map(
    ([before, items, source, after]) => `${before}SELECT ${items.join(", ")} FROM ${source}${after.join("")}`,
  );

/** Numbers that have bounds, conditions that are typed: of these most are answered. */
const numeric: fc.Memo<string> = fc.memo((n) =>
  n <= 1
    ? pick(
        "age",
        "x",
        "kind_or_age",
        "wide",
        "year(born)",
        "month(seen)",
        "2",
        "-1.5",
        "clamp(big, -5, 5)",
        "born - DATE '1950-01-01'",
      )
    : fc.oneof(
        numeric(1),
        fc.tuple(numeric(n - 1), pick("+", "-", "*"), numeric(n - 1)).map(([a, o, b]) => `(${a} ${o} ${b})`),
        fc.tuple(numeric(n - 1), pick("2", "-4.5", "(age + 1)")).map((p) => `(${p.join(" / ")})`),
        fc.tuple(pick("abs", "sqrt", "exp", "-"), numeric(n - 1)).map(([f, a]) => `${f}(${a})`),
        fc
          .tuple(typed(n - 1), numeric(n - 1), numeric(n - 1))
          .map(([c, a, b]) => `CASE WHEN ${c} THEN ${a} ELSE ${b} END`),
        fc.tuple(numeric(n - 1), numeric(n - 1)).map(([a, b]) => `coalesce(${a}, ${b})`),
      ),
);
const typed: fc.Memo<string> = fc.memo((n) =>
  n <= 1
    ? pick(
        "dead",
        "sex = 'F'",
        "town LIKE '%a_\\%'",
        "town IN ('Wuhan', 'it''s')",
        "seen > TIMESTAMP '2000-01-01 00:00:00'",
        "born IS NOT NULL",
        "sex IS DISTINCT FROM 'M'",
      )
    : fc.oneof(
        typed(1),
        fc.tuple(numeric(n - 1), pick("=", "<>", "<", ">="), numeric(n - 1)).map((p) => p.join(" ")),
        fc.tuple(typed(n - 1), pick("AND", "OR"), typed(n - 1)).map((p) => `(${p.join(" ")})`),
        typed(n - 1).map((c) => `NOT (${c})`),
        numeric(n - 1).map((a) => `${a} BETWEEN -3 AND 70.5`),
      ),
);
const measure = fc.oneof(
  pick("count(*)", "count(DISTINCT id)", "count(town)", "histogram(age, 4)"),
  fc.tuple(pick("sum", "avg", "variance", "stddev_pop", "median"), numeric(3)).map(([f, v]) => `${f}(${v})`),
  fc.tuple(numeric(2), pick("0.5", "0.99")).map(([v, q]) => `quantile(${v}, ${q})`),
  fc.tuple(numeric(2), typed(2)).map(([v, c]) => `avg(${v}) FILTER (WHERE ${c})`),
  fc
    .tuple(pick("sum(age)", "count(*)", "avg(x)"), pick("+", "/", "*"), pick("count(*)", "100", "avg(age)"))
    .map((p) => p.join(" ")),
);
const rows = pick(
  "people",
  "people",
  "(SELECT id, age, x, sex, town, dead, born, seen, wide, big FROM people WHERE age > 20)",
  "(SELECT id, sum(x) AS x, count(*) AS age, max(wide) AS wide, min(sex) AS sex, max(town) AS town, dead, max(born) AS born, min(seen) AS seen, max(big) AS big FROM people GROUP BY id, dead HAVING avg(age) > 1)",
  "people JOIN visits ON id = person",
  "people LEFT JOIN (SELECT person, sum(cost) AS cost, count(*) AS kind FROM visits GROUP BY person) v ON id = person",
);
const groups = pick(
  "",
  "",
  " GROUP BY sex",
  " GROUP BY dead",
  " GROUP BY town",
  " GROUP BY sex, dead",
  " GROUP BY CASE WHEN age < 18 THEN 'canary_label' ELSE 'adult' END",
  " GROUP BY isodow(born), dead",
);

/** From the part of the grammar that is supported, or nearly. */
export const supported: fc.Arbitrary<string> = fc
  .tuple(
    fc.array(measure, { minLength: 1, maxLength: 3 }),
    rows,
    fc.oneof(
      fc.constant(""),
      typed(3).map((c) => ` WHERE ${c}`),
    ),
    groups,
    pick("", "", " HAVING count(*) > 2", " ORDER BY 1 DESC LIMIT 3"),
  )
  .map(
    ([items, source, where, group, after]) =>
      `SELECT ${items.join(", ")} FROM ${source}${where}${group}${after}`,
  )
  .map((sql) => sql.replaceAll("kind_or_age", sql.includes("visits") ? "kind" : "age"));

/** Statements of DuckDB's own documentation and tests, of every kind. */
export const NATIVE = [
  "SELECT sex, count(*), avg(x) FROM people WHERE age >= 60 GROUP BY sex HAVING count(*) > 1 ORDER BY 2 DESC LIMIT 3",
  "WITH u AS (SELECT id, sum(x) AS s FROM people GROUP BY id) SELECT count(*), avg(s) FROM u WHERE s > 1",
  "SELECT p.sex, sum(v.cost) FROM people p JOIN visits v ON p.id = v.person GROUP BY ALL",
  "FROM people SELECT count(*)",
  "SELECT count(*) FILTER (WHERE dead), median(age) FROM people TABLESAMPLE 10%",
  "SELECT list(age ORDER BY age), arg_max(id, age) FROM people",
  "SELECT sum(age) OVER (PARTITION BY sex ORDER BY age ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM people",
  "PIVOT people ON sex USING count(*)",
  "UNPIVOT people ON age, big INTO NAME n VALUE v",
  "COPY people TO '/tmp/canary.csv' (HEADER)",
  "ATTACH '/tmp/canary.db' AS canary",
  "INSTALL httpfs; LOAD httpfs;",
  "PRAGMA database_list",
  "SET memory_limit = '1GB'",
  "CALL duckdb_functions()",
  "EXPORT DATABASE '/tmp/canary'",
  "CREATE TABLE canary AS SELECT * FROM people",
  "SELECT * FROM people ASOF JOIN visits ON people.age >= visits.kind",
  "SELECT * FROM people POSITIONAL JOIN visits",
  "SELECT count(*) FROM people SEMI JOIN visits ON id = person",
  "SELECT count(*) FROM people WHERE id IN (SELECT person FROM visits)",
  "SELECT (SELECT max(age) FROM people) + count(*) FROM people",
  "SELECT count(*) FROM people, LATERAL (SELECT age + 1 AS b)",
  "SELECT COLUMNS('a.*') FROM people",
  "SELECT * EXCLUDE (id) REPLACE (age / 2 AS age) FROM people",
  "SELECT struct_pack(a := age).a, {'k': count(*)}, [1, 2, 3][1], map([1], [2]) FROM people",
  "SELECT list_transform([1, 2], x -> x + 1), count(*) FROM people",
  "SELECT count(*) FROM read_csv_auto('/etc/passwd')",
  "SELECT count(*), $1, ?, getvariable('x') FROM people",
  "SELECT error('canary'), CAST('x' AS INTEGER), 1 / 0 FROM people",
  "SELECT approx_quantile(age, 0.5), mode(sex), entropy(age), corr(age, x) FROM people",
  "SELECT count(*) FROM people WHERE regexp_matches(town, '(a+)+$')",
  "SELECT count(*) FROM people GROUP BY GROUPING SETS ((sex), (dead), ())",
  "SELECT DISTINCT ON (sex) sex, age FROM people",
  "SELECT sex FROM people UNION SELECT town FROM people EXCEPT SELECT 'x'",
  "VALUES (1), (2)",
  "TABLE people",
  "SELECT INTERVAL 3 DAYS, born + INTERVAL 1 YEAR, age::VARCHAR, age::INT[3], TRY_CAST(town AS INT) FROM people",
  'SELECT count(*) AS "canary "" name", 0x1F, 1_000, 1e400, \'NaN\'::DOUBLE FROM "people" AS "select"',
] as const;

const tokens = (sql: string): string[] => sql.match(/"(?:[^"]|"")*"|'(?:[^']|'')*'|\w+|\s+|[^\w\s]/g) ?? [];
const WORDS = [...new Set(NATIVE.flatMap(tokens))];

interface Edit {
  kind: "drop" | "double" | "swap" | "replace" | "insert";
  at: number;
  word: string;
}
const edit: fc.Arbitrary<Edit> = fc.record({
  kind: fc.constantFrom("drop", "double", "swap", "replace", "insert"),
  at: fc.nat(200),
  word: fc.constantFrom(...WORDS, "(", ")", "\0", "\ud800", "/*", "$$"),
});

function edited(list: readonly string[], { kind, at, word }: Edit): string[] {
  const i = list.length === 0 ? 0 : at % list.length;
  const [before, here, after] = [list.slice(0, i), list.slice(i, i + 1), list.slice(i + 1)];
  switch (kind) {
    case "drop":
      return [...before, ...after];
    case "double":
      return [...before, ...here, " ", ...here, ...after];
    case "swap":
      return [...before, ...after.slice(0, 1), " ", ...here, ...after.slice(1)];
    case "replace":
      return [...before, word, ...after];
    case "insert":
      return [...before, word, " ", ...here, ...after];
  }
}

/** A statement of DuckDB's with up to four edits. */
export const mutated: fc.Arbitrary<string> = fc
  .tuple(fc.constantFrom(...NATIVE), fc.array(edit, { maxLength: 4 }))
  .map(([sql, edits]) => edits.reduce(edited, tokens(sql)).join(""));
