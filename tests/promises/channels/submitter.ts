/** All that the submitter of a real job can look at, over HTTP, split into the moment of its end and all the rest. */
import type { Json } from "../../harness/http.js";
import type { Person } from "../../harness/people.js";
import { awaitJob, sandboxJob, submitJob } from "../../harness/world.js";

export interface Sight {
  /** Milliseconds from submission to the end, as shown. */
  end: string;
  /** State, failure class and verdict: what is charged for. */
  charged: string;
  /** Everything that any route answers, without ids, moments and what the submitter wrote itself. */
  rest: string;
  bits: number;
}

const MOMENT = /"\d{4}-\d\d-\d\dT[\d:.]+Z"/g;
const ID = /\b([a-z]{3})_[0-9A-Z]{26}\b/g;
/** The submitter's own words, and what moves with each submission and never with a run. */
const OWN = ["spec", "spec_sha256", "left", "spent", "next_cursor", "rev", "charges"];

const withoutOwn = (value: unknown): string =>
  JSON.stringify(value, (key, inner: unknown) => (OWN.includes(key) ? undefined : inner))
    .replace(MOMENT, '"moment"')
    .replace(ID, "$1");

/** Looks at everything that there is to see of a job whose end shows. */
export async function look(who: Person, grant: string, id: string): Promise<Sight> {
  const view = await awaitJob(who, id);
  const paths = [
    `/api/v1/jobs/${id}/outputs`,
    `/api/v1/jobs/${id}/outputs/stdout.log`,
    `/api/v1/grants/${grant}`,
    "/api/v1/datasets/flchain",
    "/api/v1/datasets/flchain/budget",
    "/api/v1/releases",
    "/metrics",
  ];
  const answers: unknown[] = [];
  for (const path of paths) {
    const { status, text, json } = await who.http("GET", path);
    answers.push([path.replace(id, "job"), status, json ?? text]);
  }
  const listed = await who.must("GET", "/api/v1/jobs?limit=200");
  answers.push(listed.items.filter((item: Json) => item.id === id));
  const { state, failure, verdict } = view;
  return {
    end: String(Date.parse(view.ended_at) - Date.parse(view.created_at)),
    charged: JSON.stringify([state, failure, verdict]),
    rest: withoutOwn([view, ...answers]).replace(/incident_\w+/g, "incident"),
    bits: view.signals.bits,
  };
}

/**
 * Runs all and looks at each when all are over: what one sees of a job must not depend on what the others do
 * meanwhile, or the others would be measured.
 */
export async function observeAll(who: Person, grant: string, jobs: Json[]): Promise<Sight[]> {
  const ids = await Promise.all(jobs.map((job) => submitJob(who, job)));
  await Promise.all(ids.map((id) => awaitJob(who, id)));
  const sights: Sight[] = [];
  for (const id of ids) sights.push(await look(who, grant, id));
  return sights;
}

/** A sender's program: reads its symbol, which stands for what it found in the data. */
export const sending = (symbol: string, program: string, outputs: string[]): Json =>
  sandboxJob(program, outputs, {
    files: { "main.py": program, "symbol.txt": symbol },
    limits: { wall_s: 60, memory_mb: 768 },
  });
