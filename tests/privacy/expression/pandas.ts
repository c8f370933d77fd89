/** pandas, in the image that researchers' programs run in. */
import { PassThrough } from "node:stream";
import Docker from "dockerode";
import { sharedEngine } from "../../harness/engine.js";

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

/** Runs a program with one line of JSON before it; its answer is JSON too. */
export async function inImage(program: string, given: unknown): Promise<unknown> {
  const { socketPath, python } = await sharedEngine();
  const docker = new Docker({ socketPath });
  const container = await docker.createContainer({
    Image: python,
    Cmd: ["python3", "-c", program],
    OpenStdin: true,
    StdinOnce: true,
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    NetworkDisabled: true,
    HostConfig: {
      NetworkMode: "none",
      ReadonlyRootfs: true,
      CapDrop: ["ALL"],
      Tmpfs: { "/tmp": "size=64m" },
    },
  });
  try {
    const stream = await container.attach({
      stream: true,
      stdin: true,
      stdout: true,
      stderr: true,
      hijack: true,
    });
    const [out, err] = [new PassThrough(), new PassThrough()];
    let [answer, complaint] = ["", ""];
    out.setEncoding("utf8").on("data", (text: string) => {
      answer += text;
    });
    err.setEncoding("utf8").on("data", (text: string) => {
      complaint += text;
    });
    docker.modem.demuxStream(stream, out, err);
    await container.start();
    stream.write(`${JSON.stringify(given)}\n`);
    const ended = new Promise<void>((resolve) => stream.once("end", () => resolve()));
    const { StatusCode } = (await container.wait()) as { StatusCode: number };
    await ended;
    if (StatusCode !== 0) throw new Error(`the program ended with ${StatusCode}: ${complaint}`);
    return JSON.parse(answer);
  } finally {
    await container.remove({ force: true });
  }
}

export const pandasAnswers = async (data: {
  columns: { name: string; type: string }[];
  rows: unknown[][];
  queries: string[];
}): Promise<PandasAnswer[]> => (await inImage(PROGRAM, data)) as PandasAnswer[];
