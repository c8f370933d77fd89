/**
 * A dataset with values planted in one of its rows, and the programs that shout them into everything that a program
 * can reach. No program's text holds a value: it finds them in the data, as an attacker's would.
 */
import type { Json } from "../../harness/index.js";
import type { Canary } from "./needles.js";

export const CANARIES: readonly Canary[] = [
  { name: "identifier", kind: "identifier", value: "51010219871203471X" },
  { name: "Chinese name", kind: "text", value: "欧阳慕云澜" },
  { name: "text", kind: "text", value: "Qz7wLp4-Vertigo-kR2x" },
  { name: "integer", kind: "integer", value: "48151623423776" },
  { name: "decimal", kind: "decimal", value: "7391.84620517" },
];
const [ID, NAME, NOTE, AMOUNT, RATIO] = CANARIES.map(({ value }) => value);

export const DATASET = "planted";
const ROWS = 80;
const AT = 41;

export const COLUMNS: Json[] = [
  { name: "person", class: "identifier", grade: 3 },
  { name: "name", class: "sensitive", grade: 3 },
  { name: "note", class: "sensitive", grade: 3 },
  { name: "amount", class: "sensitive", grade: 3, bounds: [0, 100_000_000_000_000] },
  { name: "ratio", class: "sensitive", grade: 3, bounds: [0, 100_000] },
  { name: "town", class: "quasi-identifier", grade: 2, categories: ["Wuhan", "Xian"] },
];

const ordinary = (i: number): string =>
  [
    `p-${String(i).padStart(6, "0")}`,
    `某人${i}`,
    `nothing of note ${i}`,
    1000 + i,
    i / 8,
    i % 2 ? "Wuhan" : "Xian",
  ].join();

export const CSV = Buffer.from(
  `person,name,note,amount,ratio,town\n${Array.from({ length: ROWS }, (_, i) =>
    i === AT ? [ID, NAME, NOTE, AMOUNT, RATIO, "Wuhan"].join() : ordinary(i),
  ).join("\n")}\n`,
);

/** Finds the planted row: the only person whose id begins otherwise. */
const FIND = `import base64, csv, os, sys
with open("/data/${DATASET}.csv", encoding="utf-8") as f:
    rows = list(csv.DictReader(f))
row = next((r for r in rows if not r["person"].startswith("p-")), rows[0])
values = [row[c] for c in ("person", "name", "note", "amount", "ratio")]
said = " ".join(values)
`;

/** Logs, files of every type, names of files and of links, scratch, shared memory, a child's arguments. */
const SHOUT = `${FIND}
import json, subprocess
print(said); print(json.dumps(values)); print(base64.b64encode(said.encode()).decode()); print(said.encode().hex())
print(said, file=sys.stderr)
def attempt(act):
    try: act()
    except Exception as e: print(repr(e), said, file=sys.stderr)
def write(path, text, mode="w"):
    with open(path, mode) as f: f.write(text)
write("/out/values.csv", "what,value\\r\\n" + "".join(f"{i},{v}\\r\\n" for i, v in enumerate(values)))
write("/out/broken.json", '{"a": ' + said + "}")
write("/out/broken.png", b"\\x89PNG\\r\\n\\x1a\\n" + said.encode() * 9, "wb")
write("/out/broken.csv", 'a,b\\n"' + said + '"x,1\\n"' + said)
write("/out/broken.html", "<script>" + said + "</script><p " + said)
for v in values:
    attempt(lambda: write("/out/" + v, v)); attempt(lambda: os.symlink(v, "/out/link-" + v))
    attempt(lambda: write("/tmp/" + v, v)); attempt(lambda: write("/dev/shm/" + v, v))
    attempt(lambda: write("/work/" + v, v)); attempt(lambda: write("/" + v, v)); attempt(lambda: write("/proc/self/comm", v))
    attempt(lambda: write("/dev/kmsg", v)); attempt(lambda: write("/proc/1/fd/2", v))
`;

/** Stays until its node is asked to end it, with the values in its arguments, its environment and its memory. */
const LINGER = `${SHOUT}
import time
env = dict(os.environ, CANARY=said)
subprocess.Popen(["/bin/sh", "-c", "exec sleep 600 # " + said], env=env)
sys.stdout.flush()
write("/out/ready.json", "{}")
time.sleep(600)
`;

/** Ends with a traceback that quotes the row, and an exit code made of it. */
const RAISE = `${SHOUT}
import pandas
try: pandas.DataFrame(rows).astype({"note": "int64"})
except Exception as e: raise RuntimeError(said) from e
`;

/** Dies of a signal, with the values in its memory, wherever it may write a core. */
const CRASH = `${SHOUT}
import resource
attempt(lambda: resource.setrlimit(resource.RLIMIT_CORE, (2**30, 2**30)))
os.chdir("/out"); sys.stdout.flush(); sys.stderr.flush()
os.abort()
`;

const OUTPUTS = ["values.csv", "broken.json", "broken.png", "broken.csv", "broken.html", "missing.csv"];

export const job = (program: string, more: Json = {}): Json => ({
  kind: "sandbox",
  purpose: "a study",
  datasets: [DATASET],
  image: "python",
  files: { "main.py": program },
  command: ["python3", "main.py"],
  outputs: OUTPUTS,
  limits: { wall_s: 120 },
  mode: "real",
  ...more,
});

export const PROGRAMS = { shout: SHOUT, linger: LINGER, raise: RAISE, crash: CRASH } as const;

/** A program with nothing to hide: what it writes may be let out. */
export const CLEAN = `open("/out/values.csv", "w").write("town,persons\\r\\nWuhan,40\\r\\nXian,40\\r\\n")\n`;

/** Uploads that are refused, each with the planted values in the place that is wrong. */
export const REFUSED: Record<string, { content: Buffer; media?: string }> = {
  "a ragged row": { content: Buffer.from(`${CSV}${ID},${NAME},${NOTE}\n`) },
  "a quote never closed": { content: Buffer.from(`${CSV}"${ID},${NAME},${NOTE}\n`) },
  "text in a number": { content: Buffer.from(`${CSV}q-1,x,y,${NOTE},${RATIO},Wuhan\n`) },
  "a number out of bounds": { content: Buffer.from(`${CSV}q-1,x,y,${AMOUNT}${AMOUNT},${RATIO},Wuhan\n`) },
  "a value that is no category": { content: Buffer.from(`${CSV}q-1,x,y,1,1,${NOTE}\n`) },
  "a unit twice": { content: Buffer.from(`${CSV}${ID},${NAME},y,1,1,Wuhan\n`) },
  "values for headers": { content: Buffer.from(`${[ID, NAME, NOTE, AMOUNT, RATIO].join()}\n${CSV}`) },
  "bytes of no encoding": {
    content: Buffer.concat([CSV, Buffer.from(`${ID},${NAME},`), Buffer.from([0xff, 0xfe, 0x0a])]),
  },
  "JSON that breaks off": {
    content: Buffer.from(`{"person": "${ID}", "note": ${NOTE}}\n`),
    media: "application/x-ndjson",
  },
  "a Parquet that is none": {
    content: Buffer.from(`PAR1${ID}${NAME}${NOTE}${AMOUNT}PAR1`),
    media: "application/vnd.apache.parquet",
  },
  "a gzip that is none": {
    content: Buffer.from(`\x1f\x8b\x08${ID}${NAME}${NOTE}`, "utf8"),
    media: "application/gzip",
  },
  "a workbook that is none": {
    content: Buffer.from(`PK\x03\x04${ID}${NAME}${NOTE}`),
    media: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
  },
  "another type than it says": { content: Buffer.from(`${ID},${NAME}\n`), media: "application/json" },
};
