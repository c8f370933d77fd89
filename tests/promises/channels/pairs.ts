/**
 * Channels between two runs at the same time: one folder each, with a sender and a receiver that share a clock and a
 * seed, and nothing else. What the receiver prints is what a requester sees at once of a dry run, so that each bit a
 * slot here is a bit out of the sender's run without a release.
 */
import { createHash, randomUUID } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { Limits } from "../../../src/sandbox/index.js";
import { type Bench, type MakeBench, runProgram } from "../../sandbox/harness.js";
import { bitsBySample, type Sample } from "./information.js";

interface Channel {
  /** What the receiver watches. */
  states: string;
  slot_s: number;
  sender_limits?: Partial<Limits>;
  /** Known to carry: measured in the full suite, for docs/threat-model.md. Others must carry nothing. */
  open: boolean;
}

/** Estimates of a closed channel lie below this; one bit in a hundred slots is what half the slots' noise allows. */
const NOTHING = 0.08;
const DEFAULT_WALL_S = 600;

const here = dirname(fileURLToPath(import.meta.url));
const given = { "slots.py": readFileSync(join(here, "_given", "slots.py")) };

const channelNames = (): string[] =>
  readdirSync(here).filter((name) => existsSync(join(here, name, "channel.json")));
const readChannel = (name: string): Channel =>
  JSON.parse(readFileSync(join(here, name, "channel.json"), "utf8"));

const bitOf = (seed: string, slot: number): boolean =>
  (createHash("sha256").update(`${seed} ${slot}`).digest()[0]! & 1) === 1;

export interface Figure {
  bitsASlot: number;
  bitsASecond: number;
  bitsAJob: number;
  slots: number;
}

/** Runs both ends at once and says what came across. */
export async function measure(bench: Bench, name: string, seconds: number): Promise<Figure> {
  const channel = readChannel(name);
  const seed = randomUUID();
  const env = {
    GLOVEBOX_SEED: seed,
    GLOVEBOX_SLOT_S: String(channel.slot_s),
    GLOVEBOX_SECONDS: String(seconds),
  };
  const end = (file: string, limits: Partial<Limits> = {}) =>
    runProgram(bench, {
      files: { ...given, [file]: readFileSync(join(here, name, file)) },
      command: ["python3", file],
      limits: { wall_s: seconds + 20, ...limits },
      env,
    });
  const ends = await Promise.all([end("sender.py", channel.sender_limits), end("receiver.py")]);
  for (const { exit, stderr } of ends) expect([exit.exitCode, stderr]).toEqual([0, ""]);
  const seen: [number, number][] = JSON.parse(ends[1].stdout);
  const samples = seen.map(([slot, value]): Sample => [bitOf(seed, slot), value]);
  const bitsASlot = bitsBySample(samples);
  const bitsASecond = bitsASlot / channel.slot_s;
  return { bitsASlot, bitsASecond, bitsAJob: bitsASecond * DEFAULT_WALL_S, slots: samples.length };
}

const round = (value: number): string => value.toPrecision(2);

export function channelPairs(level: string, make: MakeBench, { full = false, seconds = 6 } = {}): void {
  describe(`channels between runs at the same time (${level})`, () => {
    let bench: Bench;
    const figures: string[] = [];
    beforeAll(async () => {
      bench = await make();
    });
    afterAll(async () => {
      await bench.close();
      process.stderr.write(`${figures.join("\n")}\n`);
    });

    for (const name of channelNames()) {
      const channel = readChannel(name);
      if (channel.open && !full) continue;
      const claim = channel.open ? "is measured" : "carries nothing";
      test(`${name}: ${channel.states}: ${claim}`, async () => {
        const slots = Math.max(40, Math.ceil(seconds / channel.slot_s));
        const found = await measure(bench, name, Math.min(300, slots * channel.slot_s));
        figures.push(
          `${level} ${name}: ${round(found.bitsASlot)} bits a slot of ${channel.slot_s * 1000} ms (${found.slots} slots), ` +
            `${round(found.bitsASecond)} bits a second, ${round(found.bitsAJob)} bits in a job of ${DEFAULT_WALL_S} s`,
        );
        expect(found.slots).toBeGreaterThan(20);
        expect(found.bitsASlot).toBeLessThanOrEqual(channel.open ? 1 : NOTHING);
      }, 400_000);
    }
  });
}
