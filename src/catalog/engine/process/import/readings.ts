/**
 * Ways of writing numbers and dates other than the plain one: a table. A column is read so only where every one of its
 * values has the form, and what comes out must fit its type as strictly as if it had been written plainly: a value
 * never changes by being read. Forms include the plain one, so that a column may mix the two.
 */
import type { ColumnType } from "../../../../vocabulary/index.js";
import type { ValueReading } from "../../model.js";
import { ruleOf } from "./types.js";

export interface ReadingRule {
  name: ValueReading;
  /** What its values can be, narrowest first. */
  types: readonly ColumnType[];
  /** SQL: the plain text of the text `c`, or null where `c` does not have the form. */
  plain: (c: string) => string;
  words: string;
}

const PLAIN = String.raw`-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?`;
const GROUPED = String.raw`-?[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:\.[0-9]+)?`;
const COMMA = String.raw`-?(?:(?:0|[1-9][0-9]*)|[1-9][0-9]{0,2}(?:\.[0-9]{3})+)(?:,[0-9]+)?`;
const SEPARATED = String.raw`[0-9]{4}(?:-[0-9]{1,2}-|/[0-9]{1,2}/|\.[0-9]{1,2}\.)[0-9]{1,2}`;
const CHINESE = `[0-9]{4}年[0-9]{1,2}月[0-9]{1,2}[日号]`;
const CLOCK = `(?:[ T]*[0-9]{1,2}(?::[0-9]{2}(?::[0-9]{2})?|时[0-9]{1,2}分(?:[0-9]{1,2}秒)?))?`;

/** Full-width digits and signs as ASCII. */
const narrow = (c: string): string =>
  `trim(translate(${c}, '０１２３４５６７８９．，－／：　', '0123456789.,-/: '))`;
const whole = (text: string, pattern: string): string => `regexp_full_match(${text}, '${pattern}')`;
const when = (condition: string, text: string): string => `CASE WHEN ${condition} THEN ${text} END`;

/** `text` times ten to the `places`, by moving the point in the text: exact. */
function shifted(text: string, places: number): string {
  const whole_ = `split_part(${text}, '.', 1)`;
  const fraction = `split_part(${text}, '.', 2)`;
  const moved = `${whole_} || rpad(${fraction}, ${places}, '0') || '.' || substr(${fraction}, ${places + 1})`;
  const pointless = `regexp_replace(regexp_replace(${moved}, '(\\.[0-9]*?)0*$', '\\1'), '\\.$', '')`;
  return `regexp_replace(${pointless}, '^(-?)0+([0-9])', '\\1\\2')`;
}

function chineseUnits(c: string): string {
  const text = narrow(c);
  const number = `replace(regexp_replace(${text}, '[万亿]+$', ''), ',', '')`;
  const form = whole(text, `(?:${PLAIN}|${GROUPED})(?:万|亿|万亿)?`);
  return when(
    form,
    `CASE WHEN ${text} LIKE '%万亿' THEN ${shifted(number, 12)} WHEN ${text} LIKE '%亿' THEN ${shifted(number, 8)}
      WHEN ${text} LIKE '%万' THEN ${shifted(number, 4)} ELSE ${number} END`,
  );
}

/** Parts of a date and perhaps a time, padded: `2024-3-5 8:05` → `2024-03-05 08:05`. */
function padded(text: string): string {
  const part = (n: number) =>
    `lpad(regexp_extract(${text}, '^([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})', ${n}), 2, '0')`;
  const year = `left(${text}, 4)`;
  const clock = (n: number) =>
    `regexp_extract(${text}, '([0-9]{1,2})[:时]([0-9]{1,2})(?:分|:)?([0-9]{0,2})秒?$', ${n})`;
  const time = `CASE WHEN ${whole(text, ".*[:时].*")} THEN ' ' || lpad(${clock(1)}, 2, '0') || ':' || lpad(${clock(2)}, 2, '0')
    || CASE WHEN ${clock(3)} = '' THEN '' ELSE ':' || lpad(${clock(3)}, 2, '0') END ELSE '' END`;
  return `${year} || '-' || ${part(2)} || '-' || ${part(3)} || ${time}`;
}

/** SQL: true where the text `c` has no character but those of the forms below. */
export const couldBeOther = (c: string): string =>
  `regexp_full_match(${c}, '[-0-9０-９.,．，－/／:：年月日号时分秒万亿T 　]*')`;

const NUMBERS: readonly ColumnType[] = ["integer", "decimal"];
const TIMES: readonly ColumnType[] = ["date", "timestamp"];

export const READING_RULES: readonly ReadingRule[] = [
  {
    name: "loose",
    types: [...NUMBERS, ...TIMES],
    plain: narrow,
    words: "spaces around, full-width digits: １２．５",
  },
  {
    name: "grouped",
    types: NUMBERS,
    plain: (c) => when(whole(narrow(c), `${PLAIN}|${GROUPED}`), `replace(${narrow(c)}, ',', '')`),
    words: "thousands set apart: 1,234.5",
  },
  {
    name: "decimal_comma",
    types: NUMBERS,
    plain: (c) => when(whole(narrow(c), COMMA), `replace(replace(${narrow(c)}, '.', ''), ',', '.')`),
    words: "a comma before the fraction: 1.234,5",
  },
  { name: "chinese_units", types: NUMBERS, plain: chineseUnits, words: "ten thousands: 3.5万, 1.2亿" },
  {
    name: "date_separated",
    types: TIMES,
    plain: (c) => when(whole(narrow(c), SEPARATED + CLOCK), padded(narrow(c))),
    words: "2024/3/5, 2024.3.5, 2024-3-5 8:05",
  },
  {
    name: "date_chinese",
    types: TIMES,
    plain: (c) => when(whole(narrow(c), `(?:${CHINESE}|${SEPARATED})${CLOCK}`), padded(narrow(c))),
    words: "2024年3月5日, 2024年3月5日 8时05分",
  },
];

/** How the values of a column are to be read. */
export interface Way {
  type: ColumnType;
  reading?: ValueReading;
}

const plainOf = (way: Way, c: string): string => {
  const rule = READING_RULES.find(({ name }) => name === way.reading);
  return rule ? rule.plain(c) : c;
};

/** SQL, true where the text `c`, not null, can be read so. */
export function fitsSql(way: Way, c: string): string {
  const fits = ruleOf(way.type).fits(plainOf(way, c));
  return way.reading ? `coalesce(${fits}, false)` : fits;
}

/** SQL of the value; null where it cannot be read so. */
export const valueSql = (way: Way, c: string): string =>
  way.type === "text"
    ? c
    : `CASE WHEN ${fitsSql(way, c)} THEN ${ruleOf(way.type).value(plainOf(way, c))} END`;

/** All ways but the plain ones, in the order in which they are tried. Where the comma is said to come before fractions, first as such. */
export function otherWays(decimal: "." | ","): Way[] {
  const first = decimal === "," ? "decimal_comma" : "loose";
  const rules = [...READING_RULES].sort((a, b) => Number(b.name === first) - Number(a.name === first));
  return rules.flatMap(({ name, types }) => types.map((type) => ({ type, reading: name })));
}
