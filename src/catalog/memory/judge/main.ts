/**
 * The judging thread: compares one table with all others of its dataset, one judgement at a time. It holds which units
 * cells stand on, in memory alone; what it answers are findings. What goes wrong is answered as such, without a text.
 */
import { readFileSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import {
  type AskedTable,
  columnsOf,
  type Finding,
  judgeForAuditors,
  judgeForRequester,
  noFacts,
  notCompared,
  type SolveLp,
} from "../../../privacy/index.js";
import type { JudgeAnswer, JudgeRequest, SentTables } from "./messages.js";
import { JudgedTables } from "./tables.js";

const { maxOpenBytes } = workerData as { maxOpenBytes: number };
const tables = new JudgedTables(maxOpenBytes);
const port = parentPort;
if (!port) throw new Error("the judging thread has no parent");

/** Its types describe the package's other form; what is loaded here has one export. */
interface Highs {
  solve(
    problem: string,
    options: { time_limit: number; output_flag: boolean },
  ): { Status: string; ObjectiveValue: number; Columns: Record<string, { Primal?: number }> };
}
const { default: loadHighs } = (await import("highs")) as unknown as { default: () => Promise<Highs> };
const highs = await loadHighs();

/** A busy machine gives this thread a part of the time that passes. */
const CLOCK_FOR_OWN = 5;

const solve: SolveLp = (problem, seconds) => {
  const { Status, ObjectiveValue, Columns } = highs.solve(problem, {
    // By the clock.
    time_limit: CLOCK_FOR_OWN * seconds,
    output_flag: false,
  });
  return {
    optimal: Status === "Optimal",
    objective: ObjectiveValue,
    values: new Map(Object.entries(Columns).map(([name, { Primal }]) => [name, Primal ?? 0])),
  };
};

/** Milliseconds that this thread has had a processor: what else the machine does changes no verdict. */
const ownTime = (): number => Number(readFileSync("/proc/thread-self/schedstat", "utf8").split(" ")[0]) / 1e6;

type Columns = JudgeRequest["columns"];

function forRequester(request: JudgeRequest): Finding[] {
  const { columns, threshold, oneRowAUnit, unitColumn } = request;
  const asked = ({ id, declared }: { id: string; declared: boolean }): AskedTable => {
    const { claim, version, model } = tables.get(id).told;
    return { claim, version, model, columns: columnsOf(columns[version] ?? []), declared };
  };
  return judgeForRequester({
    threshold,
    oneRowAUnit,
    unitColumn,
    asked: asked(request.asked),
    beside: request.beside.map(asked),
    released: request.released.map((id) => {
      const { claim, version, facts, model } = tables.get(id).told;
      return { claim, version, facts, model, columns: columnsOf(columns[version] ?? []) };
    }),
  });
}

function forAuditors({ asked, released, beside, columns, threshold, budgetMs }: JudgeRequest): Finding[] {
  const fresh = tables.withUnits(asked.id, columns);
  if (fresh === undefined) return [noFacts()];
  const ids = [...released, ...beside.map((b) => b.id)];
  const others = withAll(ids, columns);
  const findings = judgeForAuditors({ threshold, fresh, others, solve, now: ownTime, budgetMs });
  const unknown = ids.length - others.length;
  return unknown === 0 ? findings : [...findings, notCompared(unknown)];
}

const withAll = (ids: readonly string[], columns: Columns) =>
  ids.flatMap((id) => tables.withUnits(id, columns) ?? []);

/** The requester's verdict first: it stands whatever becomes of the other. */
function answer(request: JudgeRequest, send: (answer: JudgeAnswer) => void): void {
  const { id } = request;
  try {
    send({ id, requester: forRequester(request) });
    send({ id, auditors: request.verdicts === "both" ? forAuditors(request) : [] });
  } catch {
    send({ id, failed: true });
  }
  for (const passing of request.passing) tables.drop(passing);
}

/** What cannot be made ready is missed where it is asked for. */
function take({ tables: sent, compared, columns }: SentTables): void {
  for (const table of sent) tables.add(table);
  if (!compared) return;
  try {
    for (const { told } of sent) tables.withUnits(told.id, columns);
  } catch {
    // Asked for again, it is found to be damaged then, and answered so.
  }
}

port.on("message", (message: JudgeRequest | SentTables) => {
  if ("tables" in message) take(message);
  else answer(message, (told) => port.postMessage(told));
});
