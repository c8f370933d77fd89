/** R with dplyr and lubridate, in the image that researchers' programs run in. */
import { inImage } from "../../harness/in-image.js";

const READ: Readonly<Record<string, (values: string) => string>> = {
  integer: (values) => `as.integer(${values})`,
  decimal: (values) => `as.numeric(${values})`,
  boolean: (values) => `as.logical(${values})`,
  date: (values) => `as.Date(${values})`,
  timestamp: (values) => `as.POSIXct(${values}, tz = "UTC")`,
  text: (values) => values,
};

/** A text of R; all beyond plain ASCII as escapes, so that no locale reads it otherwise. */
const quoted = (text: string | null): string =>
  text === null
    ? "NA_character_"
    : `"${[...text].map((c) => (/[A-Za-z0-9 ]/.test(c) ? c : `\\U{${c.codePointAt(0)!.toString(16)}}`)).join("")}"`;

const vector = (texts: readonly (string | null)[]): string => `c(${texts.map(quoted).join(", ")})`;

const HEAD = `suppressPackageStartupMessages({ library(dplyr); library(lubridate) })
options(warn = -1)
`;

/** Runs lines of R; what they write, line by line. */
async function rLines(program: string): Promise<string[]> {
  const text = await inImage("r", ["Rscript", "--vanilla", "-"], HEAD + program);
  return text.trimEnd().split("\n");
}

/** For each condition, ids of the rows for which it is TRUE in R; or `error`. */
export async function rAnswers(data: {
  columns: { name: string; type: string }[];
  rows: (string | null)[][];
  conditions: string[];
}): Promise<(number[] | string)[]> {
  const columns = data.columns.map(({ name, type }, i) => {
    const values = vector(data.rows.map((row) => row[i] ?? null));
    return `frame[[${quoted(name)}]] <- ${(READ[type] ?? READ.text!)(values)}`;
  });
  const lines = await rLines(`frame <- data.frame(row = seq_len(${data.rows.length}))
${columns.join("\n")}
ask <- function(text) tryCatch({
  kept <- eval(parse(text = text)[[1]], frame, globalenv())
  paste(c("rows", frame$id[which(rep_len(kept, nrow(frame)))]), collapse = " ")
}, error = function(e) "error")
for (text in ${vector(data.conditions)}) cat(ask(text), "\n", sep = "")
`);
  return lines.map((line) => {
    const [word = "", ...ids] = line.split(" ");
    return word === "rows" ? ids.map(Number) : word;
  });
}

/** What `terms()` says of each formula. */
export async function rTerms(formulas: string[]): Promise<{ intercept: boolean; orders: number[] }[]> {
  const lines = await rLines(`for (text in ${vector(formulas)}) {
  t <- terms(as.formula(text))
  cat(attr(t, "intercept"), attr(t, "order"), "\n")
}
`);
  return lines.map((line) => {
    const [intercept, ...orders] = line.trim().split(/\s+/).map(Number);
    return { intercept: intercept === 1, orders: orders.sort() };
  });
}
