/** pandas, in the image that researchers' programs run in. */
import { inImage } from "../../harness/in-image.js";

/** Ids of the rows that a query keeps, or the name of the error that it ends in. */
export type Kept = number[] | string;

export interface PandasAnswer {
  /** On the types that `read_csv` gives. */
  plain: Kept;
  /** On pandas' own types with missing values, after `convert_dtypes()`. */
  nullable: Kept;
}

const PROGRAM = `
import json, sys, warnings
import pandas as pd
warnings.simplefilter("ignore")
given = json.loads(sys.stdin.readline())
frame = pd.DataFrame(given["rows"], columns=[c["name"] for c in given["columns"]], dtype=object)
for c in given["columns"]:
    name, kind = c["name"], c["type"]
    if kind in ("integer", "decimal"): frame[name] = pd.to_numeric(frame[name])
    if kind in ("date", "timestamp"): frame[name] = pd.to_datetime(frame[name])
    if kind == "boolean": frame[name] = frame[name].map({"true": True, "false": False, None: None})
def ask(frame, text):
    try: return [int(i) for i in frame.query(text, engine="python")["id"]]
    except Exception as e: return type(e).__name__
print(json.dumps([{"plain": ask(frame, q), "nullable": ask(frame.convert_dtypes(), q)} for q in given["queries"]]))`;

/** Runs a program of Python with one line of JSON before it; its answer is JSON too. */
export async function inPython(program: string, given: unknown): Promise<unknown> {
  return JSON.parse(await inImage("python", ["python3", "-c", program], `${JSON.stringify(given)}\n`));
}

export const pandasAnswers = async (data: {
  columns: { name: string; type: string }[];
  rows: unknown[][];
  queries: string[];
}): Promise<PandasAnswer[]> => (await inPython(PROGRAM, data)) as PandasAnswer[];
