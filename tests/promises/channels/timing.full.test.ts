/** Through a real node with one worker: what durations tell, of a job itself and of the one that it keeps waiting. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type RunningNode, startNode } from "../../harness/node.js";
import { Person } from "../../harness/people.js";
import { awaitJob, grantSandbox, sandboxJob, submitJob, type World, world } from "../../harness/world.js";
import { bitsInRange, capacity, type Pair } from "./information.js";
import { look, sending } from "./submitter.js";

/** Seconds that a sender sleeps, for what it found in the data. */
const SLEEPS = ["0", "0.3", "0.6", "1", "1.5", "2.2", "3.2", "4.7"];
const ROUNDS = 3;
/** Of a job by default. */
const WALL_S = 600;
const SLEEP = "import time\ntime.sleep(float(open('/work/symbol.txt').read()))\n";
const GRID_BITS = 6;

let node: RunningNode;
let w: World;
let grant: string;
let accomplice: Person;
beforeAll(async () => {
  node = await startNode({ workers: 1 });
  w = await world(node);
  const sender = await Person.add(w.admin, "sender", ["researcher"]);
  w = { ...w, researcher: sender };
  grant = await grantSandbox(w.owner, sender, { signal_bits: 100_000 });
  accomplice = await Person.add(w.admin, "accomplice", ["researcher"]);
  await grantSandbox(w.owner, accomplice);
});
afterAll(() => node.destroy());

const say = (text: string): boolean => process.stderr.write(`${text}\n`);

async function overRounds(send: (sleep: string) => Promise<string>): Promise<Pair[]> {
  const pairs: Pair[] = [];
  for (let round = 0; round < ROUNDS; round++)
    for (const sleep of SLEEPS) pairs.push([sleep, await send(sleep)]);
  return pairs;
}

describe("durations", () => {
  test("of a job tell its submitter no more than the bits of the grid", async () => {
    const pairs = await overRounds(async (sleep) => {
      const id = await submitJob(w.researcher, sending(sleep, SLEEP, []));
      return (await look(w.researcher, grant, id)).end;
    });
    const bits = capacity(pairs, false);
    say(
      `duration: ${SLEEPS.length} durations up to ${SLEEPS.at(-1)} s, ${pairs.length} jobs: ${bits.toFixed(2)} bits a job at most, of ${GRID_BITS} charged`,
    );
    expect(bits).toBeLessThanOrEqual(GRID_BITS);
  }, 600_000);

  test("of a real job, as they show in the start of another principal's rehearsal, are measured", async () => {
    const pairs = await overRounds(async (sleep) => {
      const real = await submitJob(w.researcher, sending(sleep, SLEEP, []));
      await awaitJob(w.researcher, real, ["running", "ended", "held", "failed"]);
      const rehearsal = await submitJob(accomplice, sandboxJob("pass\n", [], { mode: "dry_run" }));
      const view = await awaitJob(accomplice, rehearsal);
      await awaitJob(w.researcher, real);
      return String((Date.parse(view.started_at) - Date.parse(view.created_at)) / 1000);
    });
    const errors = pairs.map(([slept, waited]) => Number(waited) - Number(slept));
    const bits = bitsInRange(WALL_S, errors);
    say(
      `queue delay: ${pairs.length} jobs: a duration of up to ${WALL_S} s shows in another's wait with ${bits.toFixed(1)} bits a job`,
    );
    expect(bits).toBeGreaterThan(0);
    expect(bits).toBeLessThan(20);
  }, 900_000);
});
