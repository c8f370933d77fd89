/**
 * Through a real node: programs that would tell their submitter something by all that a run does besides its outputs.
 * Whatever is seen must be explained by what is charged for.
 */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type RunningNode, startNode } from "../../harness/node.js";
import { type World, world } from "../../harness/world.js";
import { capacity, type Pair } from "./information.js";
import { SENDERS } from "./senders.js";
import { observeAll, type Sight, sending } from "./submitter.js";

const BESIDE_THE_END = 5;

let node: RunningNode;
let w: World;
beforeAll(async () => {
  node = await startNode({ workers: 2 });
  w = await world(node);
});
afterAll(() => node.destroy());

async function watch(name: string): Promise<{ pairs: Pair[]; sights: Sight[] }> {
  const { program, outputs, symbols } = SENDERS[name]!;
  const jobs = symbols.map((symbol) => sending(symbol, program, outputs));
  const sights = await observeAll(w.researcher, w.grant, jobs);
  return { sights, pairs: sights.map(({ rest }, i): Pair => [symbols[i]!, rest]) };
}

describe("what a submitter sees of a real job", () => {
  test.each(Object.keys(SENDERS))("%s: tells no more than failure class and verdict do", async (name) => {
    const { pairs, sights } = await watch(name);
    const told = new Set(sights.map(({ rest }) => rest)).size;
    const charged = new Set(sights.map((sight) => sight.charged)).size;
    process.stderr.write(
      `${name}: ${sights.length} symbols, ${told} sights, at most ${Math.log2(told).toFixed(1)} bits a job beside the end\n`,
    );
    expect(told).toBe(charged);
    expect(charged).toBeLessThanOrEqual(SENDERS[name]!.classes);
    expect(capacity(pairs)).toBeLessThanOrEqual(BESIDE_THE_END);
    for (const { bits } of sights) expect(bits).toBeGreaterThanOrEqual(BESIDE_THE_END);
  });
});
