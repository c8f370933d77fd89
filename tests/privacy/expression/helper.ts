/** Conditions as the helper libraries in the images read them. */
import { inImage } from "../../harness/in-image.js";

interface Data {
  columns: { name: string; type: string }[];
  rows: (string | number | null)[][];
  conditions: string[];
}

const PYTHON = `
import io, json, sys
import pandas as pd
from glovebox._expressions import column_values, kept
given = json.loads(sys.stdin.readline())
frame = pd.read_csv(io.StringIO(given["csv"]), keep_default_na=False, na_values=[""])
column = column_values(frame, {c["name"]: c["type"] for c in given["columns"]})
print(json.dumps([[int(i) for i in frame["id"][kept(text, column, len(frame))]] for text in given["conditions"]]))`;

const field = (value: string | number | null): string => (value === null ? "" : `"${value}"`);
const csvOf = ({ columns, rows }: Data): string =>
  [columns.map(({ name }) => name), ...rows.map((row) => row.map(field))]
    .map((line) => `${line.join(",")}\n`)
    .join("");

/** Ids of the rows that each condition keeps. */
export async function keptByPython(data: Data): Promise<number[][]> {
  const given = { ...data, csv: csvOf(data) };
  return JSON.parse(await inImage("python", ["python3", "-c", PYTHON], `${JSON.stringify(given)}\n`));
}

const escaped = (text: string): string =>
  `"${[...text].map((c) => (/[A-Za-z0-9 ]/.test(c) ? c : `\\U{${c.codePointAt(0)!.toString(16)}}`)).join("")}"`;

export async function keptByR(data: Data): Promise<number[][]> {
  const schema = data.columns.map((c) => `list(name = ${escaped(c.name)}, type = ${escaped(c.type)})`);
  const program = `
frame <- utils::read.csv(text = ${escaped(csvOf(data))}, check.names = FALSE, colClasses = "character", na.strings = "")
inner <- asNamespace("glovebox")
about <- list(d = list(columns = list(${schema.join(", ")})))
assign("context", list(policy = list(), datasets = about), envir = inner$kept)
columns <- inner$typed("d", frame)$columns
for (text in c(${data.conditions.map(escaped).join(", ")}))
  cat(paste(frame$id[inner$keeps(text, columns, nrow(frame))], collapse = " "), "\\n", sep = "")`;
  const text = await inImage("r", ["Rscript", "--vanilla", "-"], program);
  const lines = text.slice(0, -1).split("\n");
  return lines.map((l) =>
    l
      .split(" ")
      .filter((id) => id !== "")
      .map(Number),
  );
}
