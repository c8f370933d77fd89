/** Functions of R that have a meaning here: base, dplyr and lubridate. Each is read in the one form that is listed. */
import type { DatePart } from "../calendar.js";
import type { Surface, Unary } from "../expr.js";
import { fixedText } from "./operators.js";

const NUMERIC: Record<string, Unary> = { abs: "absolute", sqrt: "sqrt", log: "ln", exp: "exp" };
const PARTS: Record<string, DatePart> = {
  year: "year",
  quarter: "quarter",
  month: "month",
  day: "day",
  mday: "day",
  hour: "hour",
  minute: "minute",
};
/** One argument of a call, with what stands after `~` in case_when. */
export interface Argument {
  name?: string;
  value: Surface;
  result?: Surface;
}

type RFunction = (args: Argument[], at: number) => Surface | undefined;

const one = (args: Argument[]): Surface | undefined =>
  args.length === 1 && args[0]?.name === undefined && !args[0]?.result ? args[0]?.value : undefined;

const many = (args: Argument[], count?: number): Surface[] | undefined =>
  args.every((a) => a.name === undefined && !a.result) && (count === undefined || args.length === count)
    ? args.map(({ value }) => value)
    : undefined;

/** As R has it, a missing condition gives a missing value; in `case` it would go on to the next branch. */
const ifelse: RFunction = (args, at) => {
  const [when, yes, no] = many(args, 3) ?? [];
  if (!when || !yes || !no) return undefined;
  const whens = [
    { when, value: yes },
    { when: { op: "not", value: when, at } as Surface, value: no },
  ];
  return { op: "case", whens, otherwise: { op: "missing" }, at };
};

const caseWhen: RFunction = (args, at) => {
  const last = args.at(-1);
  const isTrue = last?.value.op === "literal" && last.value.value === "true" && last.result !== undefined;
  const fallback = last?.name === ".default" ? last.value : isTrue ? last.result : undefined;
  const branches = fallback ? args.slice(0, -1) : args;
  const whens = branches.flatMap(({ value, result }) => (result ? [{ when: value, value: result }] : []));
  if (whens.length === 0 || whens.length !== branches.length) return undefined;
  return { op: "case", whens, otherwise: fallback ?? { op: "missing" }, at };
};

const instant =
  (type: "date" | "timestamp"): RFunction =>
  (args, at) => {
    const [text, zone] = args;
    const isUtc = zone?.name === "tz" && zone.value.op === "string" && zone.value.text === "UTC";
    if (text?.value.op !== "string" || args.length !== (type === "date" ? 1 : 2)) return undefined;
    return type === "date" || isUtc ? { op: "instant", type, text: text.value.text, at } : undefined;
  };

const elapsed: RFunction = (args, at) => {
  const value = one(args);
  return value?.op === "subtract" ? { op: "days", from: value.right, to: value.left, at } : undefined;
};

const fixed =
  (where: "prefix" | "suffix"): RFunction =>
  (args, at) => {
    const [value, text] = many(args, 2) ?? [];
    return value && text?.op === "string" ? fixedText(where, value, text.text, at) : undefined;
  };

const weekday: RFunction = (args, at) => {
  const [value, start] = args;
  const isMonday =
    start?.name === "week_start" && start.value.op === "number" && /^1L?$/.test(start.value.text);
  return value && args.length === 2 && isMonday
    ? { op: "date_part", part: "weekday", value: value.value, at }
    : undefined;
};

/** Each with the form that is read, for the error. */
export const R_FUNCTIONS: Record<string, [form: string, read: RFunction]> = {
  "is.na": ["is.na(x)", (args, at) => unary(args, (value) => ({ op: "is_null", value, at }))],
  ifelse: ["ifelse(condition, a, b)", ifelse],
  if_else: ["if_else(condition, a, b)", ifelse],
  case_when: ["case_when(condition ~ a, TRUE ~ b)", caseWhen],
  between: [
    "between(x, low, high)",
    (args, at) => {
      const [value, low, high] = many(args, 3) ?? [];
      return value && low && high ? { op: "between", value, low, high, at } : undefined;
    },
  ],
  coalesce: [
    "coalesce(x, y)",
    (args, at) => {
      const values = many(args);
      return values && values.length > 0 ? { op: "coalesce", args: values, at } : undefined;
    },
  ],
  "as.Date": ['as.Date("2024-01-31")', instant("date")],
  "as.POSIXct": ['as.POSIXct("2024-01-31 08:30:00", tz = "UTC")', instant("timestamp")],
  "as.numeric": ["as.numeric(later - earlier), of dates", elapsed],
  "as.integer": ["as.integer(later - earlier), of dates", elapsed],
  startsWith: ['startsWith(x, "a")', fixed("prefix")],
  endsWith: ['endsWith(x, "a")', fixed("suffix")],
  wday: ["wday(d, week_start = 1)", weekday],
  ...Object.fromEntries(
    Object.entries(NUMERIC).map(([name, op]): [string, [string, RFunction]] => [
      name,
      [`${name}(x)`, (args, at) => unary(args, (value) => ({ op, value, at }))],
    ]),
  ),
  ...Object.fromEntries(
    Object.entries(PARTS).map(([name, part]): [string, [string, RFunction]] => [
      name,
      [`${name}(d)`, (args, at) => unary(args, (value) => ({ op: "date_part", part, value, at }))],
    ]),
  ),
};

function unary(args: Argument[], build: (value: Surface) => Surface): Surface | undefined {
  const value = one(args);
  return value && build(value);
}
