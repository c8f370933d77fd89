/** What a request has to work with: a folder of its own in memory, wiped after it, and its inputs in order. */
import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import type { EngineResult, RESULTS } from "../protocol.js";
import type { DuckSettings } from "./duck.js";

export type Workplace = DuckSettings;

export interface Inputs {
  /** The next input; each must be read to its end before the one after it is asked for. */
  next(): AsyncIterable<Buffer>;
}

/** The bytes of files one after the other, or bytes that are still being made: if that fails, the process ends. */
export type Output = string[] | AsyncIterable<Buffer>;

export interface Outcome<Op extends keyof typeof RESULTS> {
  result: EngineResult<Op>;
  /** The outputs in order. */
  outputs: Output[];
}

export async function saveInput(source: AsyncIterable<Buffer>, path: string): Promise<void> {
  await pipeline(source, createWriteStream(path, { flags: "wx", mode: 0o600 }));
}
