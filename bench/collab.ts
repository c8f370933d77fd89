/**
 * A logistic regression of nine coefficients over three real nodes and a coordinator on this machine, beside statsmodels'
 * fit of the pooled file; and a counted table, which is one round. From the question to the end of its last round, with
 * all that nodes write to their ledgers; the same coefficients and errors in eight digits, or there is no figure.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import type { Result } from "../src/cli/bench.js";
import { resultOf } from "../src/federated/member/results.js";
import { createImages, findEngine } from "../src/sandbox/index.js";
import { openKeys, openStore, packageRoot } from "../src/store/index.js";
import { type Collaborating, collaborating } from "./parts/domains.js";

export const name = "collab";

const COLUMNS = [
  { name: "sex", type: "text", categories: ["F", "M"] },
  { name: "age", type: "integer", bounds: ["50", "101"] },
  { name: "kappa", type: "decimal", bounds: ["0", "30"] },
  { name: "lambda", type: "decimal", bounds: ["0", "30"] },
  { name: "creatinine", type: "decimal", bounds: ["0", "20"] },
  { name: "mgus", type: "integer", bounds: ["0", "1"] },
  { name: "sample.yr", type: "integer", bounds: ["1995", "2003"] },
  { name: "futime", type: "integer", bounds: ["0", "6000"] },
  { name: "death", type: "integer", bounds: ["0", "1"] },
];
const FORMULA = "death ~ age + sex + kappa + `lambda` + creatinine + C(mgus) + `sample.yr` + futime";
/** Uneven parts. */
const CUTS = [4_000, 6_500];
/** Messages that all domains wait for in a round: commitments and openings of keys and data, transcript, share. */
const WAITS = 6;

interface Peer {
  seconds: number;
  coefficients: Record<string, number>;
  standard_errors: Record<string, number>;
}

export async function run({ quick }: { quick: boolean }): Promise<Result[]> {
  const times = quick ? 1 : 3;
  const folder = mkdtempSync(join(tmpdir(), "glovebox-bench-"));
  const csv = join(packageRoot(), "examples/data/flchain.csv");
  try {
    const [head = "", ...rows] = readFileSync(csv, "utf8").trimEnd().split("\n");
    const ends = [0, ...CUTS, rows.length];
    const parts = ends.slice(1).map((end, i) => [head, ...rows.slice(ends[i], end)].join("\n"));
    const peer = await statsmodels(csv, quick ? 3 : 15);
    const nodes = await collaborating(folder, parts, COLUMNS);
    const measured = await measure(nodes, times).finally(() => nodes.close());
    mustAgree(nodes, measured.last, peer);
    const messages = messagesIn(nodes, measured.last, measured.steps);
    return [
      {
        name: "counted table over three nodes, one round",
        value: measured.table,
        unit: "s",
      },
      {
        name: "logistic regression of nine coefficients over three nodes",
        value: measured.model,
        unit: "s",
        peer: { name: "s, statsmodels on the pooled file", value: peer.seconds },
        ratio: measured.model / peer.seconds,
      },
      { name: "its Newton steps, a round each", value: measured.steps, unit: "" },
      { name: "times that all wait for all", value: measured.steps * WAITS, unit: "" },
      { name: "messages on the board", value: messages, unit: "" },
      {
        name: `load at the end, on ${availableParallelism()} processors`,
        value: loadavg()[0] ?? 0,
        unit: "",
      },
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function measure({ ask }: Collaborating, times: number) {
  const seconds = { table: [] as number[], model: [] as number[] };
  const timed = async (of: keyof typeof seconds, statistic: Record<string, unknown>) => {
    const began = performance.now();
    const told = await ask(statistic);
    seconds[of].push((performance.now() - began) / 1000);
    if (told.state !== "done") throw new Error(`a round ended as ${JSON.stringify(told)}`);
    return told;
  };
  // The first starts engines and the thread of sums.
  await ask({ kind: "table", rows: ["sex"] });
  let last: Record<string, unknown> = {};
  for (let i = 0; i < times; i++) {
    await timed("table", { kind: "table", rows: ["sex"] });
    last = await timed("model", { kind: "regression", family: "logit", formula: FORMULA });
  }
  const middle = (list: number[]) => list.sort((a, b) => a - b)[Math.floor(list.length / 2)]!;
  return {
    table: middle(seconds.table),
    model: middle(seconds.model),
    steps: Number(last.steps),
    last: Number(last.round),
  };
}

async function statsmodels(csv: string, fits: number): Promise<Peer> {
  const engine = findEngine();
  if (!engine) throw new Error("no container engine: npm run setup");
  const image = await createImages(engine).resolve("python");
  const script = join(packageRoot(), "bench/parts/collab.py");
  // biome-ignore format: one option a line is no clearer
  const answer = execFileSync("docker", [
    "-H", `unix://${engine.socketPath}`, "run", "--rm", "--network", "none", "--tmpfs", "/tmp",
    "-v", `${script}:/collab.py:ro`, "-v", `${csv}:/data.csv:ro`,
    image.reference, "python3", "/collab.py", String(fits),
  ], { encoding: "utf8" });
  return JSON.parse(answer) as Peer;
}

/** What the recipient found lies sealed in its database. */
function mustAgree({ id, domains }: Collaborating, round: number, peer: Peer): void {
  const { dataDir } = domains[0]!;
  const store = openStore(dataDir, { readonly: true });
  try {
    const rounds = store.db.prepare("SELECT max(round) FROM round_results WHERE collaboration = ?").pluck();
    const found = resultOf(store.db, openKeys(dataDir).sealer, id, rounds.get(id) as number);
    if (found?.kind !== "result") throw new Error(`round ${round} found nothing`);
    const { coefficients } = JSON.parse(found.text) as { coefficients: Shown[] };
    for (const [theirs, value] of Object.entries(peer.coefficients)) {
      const named = theirs
        .replace("lambda_", "lambda")
        .replace("year", "sample.yr")
        .replace(/^C\((\w+)\)/, "$1");
      const own = coefficients.find((c) => c.name === named);
      const near = (a: number, b: number) => Math.abs(a - b) <= 6e-8 * Math.abs(b);
      if (!own || !near(own.estimate, value) || !near(own.std_error, peer.standard_errors[theirs]!))
        throw new Error(`the two sides did not come to the same model: ${named} ${own?.estimate} ${value}`);
    }
  } finally {
    store.close();
  }
}

/** A coefficient in the released form. */
interface Shown {
  name: string;
  estimate: number;
  std_error: number;
}

function messagesIn({ id, coordinator }: Collaborating, first: number, steps: number): number {
  const store = openStore(coordinator.dataDir, { readonly: true });
  try {
    return store.db
      .prepare("SELECT count(*) FROM board_messages WHERE collaboration = ? AND round BETWEEN ? AND ?")
      .pluck()
      .get(id, first, first + steps - 1) as number;
  } finally {
    store.close();
  }
}
