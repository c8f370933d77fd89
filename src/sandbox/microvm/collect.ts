/**
 * What a dead machine handed over, as ranges of its exchange disk. exchange.ts has checked where they lie; that they hold
 * what the program wrote, nobody can know, and the checks of every output begin there.
 */
import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import type { CollectedFile, Collection, Refusal } from "../executor.js";
import type { OutputPlace } from "./exchange.js";
import type { MachineRun } from "./run.js";

export function collectMachine(run: MachineRun): Collection {
  const refusals: Refusal[] = [];
  return { refusals, [Symbol.asyncIterator]: () => outputsOf(run, refusals) };
}

async function* outputsOf(run: MachineRun, refusals: Refusal[]): AsyncGenerator<CollectedFile> {
  const { outputs } = run.spec;
  for (const [i, name] of outputs.entries()) {
    // A machine that was ended from outside has handed over nothing.
    const place = run.result?.ended ? run.result.outputs[i] : "unreadable";
    if (place === undefined || typeof place === "string")
      refusals.push({ name, reason: place ?? "unreadable", count: 1 });
    else yield fileAt(run.machine.exchange, name, place);
  }
  const undeclared = run.result?.undeclared ?? 0;
  if (undeclared > 0) refusals.push({ reason: "undeclared", count: undeclared });
}

function fileAt(disk: string, name: string, { at, bytes }: OutputPlace): CollectedFile {
  let taken = false;
  return {
    name,
    bytes,
    open: () => {
      if (taken) throw new Error("collect: a file is read once");
      taken = true;
      if (bytes === 0) return Readable.from([]);
      return createReadStream(disk, { start: at, end: at + bytes - 1 });
    },
  };
}
