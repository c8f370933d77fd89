/**
 * The engine process: one request at a time over stdin and stdout, until stdin ends.
 *
 * Rules: what goes out is a result, an output or a failure in this project's own words; DuckDB's texts, which quote
 * rows, end here. Nothing is written to stderr. Every request has a folder of its own under the temporary folder,
 * gone before the next; what stays between requests are the versions that are held open, until they are closed.
 */
import { createReadStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { FRAME, FrameReader, FrameWriter, WireError } from "../frames.js";
import { type EngineRequest, engineRequest, type RESULTS } from "../protocol.js";
import { failureOf } from "./failure.js";
import { importContent } from "./import/import.js";
import { materialise } from "./materialise.js";
import { parse } from "./parse.js";
import { scan } from "./scan/scan.js";
import { OpenVersions } from "./sessions.js";
import type { Inputs, Outcome, Workplace } from "./workplace.js";

const { values } = parseArgs({
  options: { "memory-mb": { type: "string" }, threads: { type: "string" } },
});
const memoryMb = Number(values["memory-mb"] ?? 320);
const threads = Number(values.threads ?? 2);

const versions = new OpenVersions({ memoryMb, threads });
const reader = new FrameReader(process.stdin);
const writer = new FrameWriter(process.stdout);

/** The inputs of one request. It counts ends, so that what a failed request left unread can be passed over. */
class WireInputs implements Inputs {
  private ended = 0;
  private aborted = false;
  constructor(private readonly count: number) {}

  async *next(): AsyncGenerator<Buffer> {
    for (;;) {
      const frame = await reader.next();
      if (frame?.type === FRAME.data) yield frame.payload;
      else if (frame?.type === FRAME.end) {
        this.ended++;
        return;
      } else {
        this.aborted = frame?.type === FRAME.abort;
        throw new WireError("inputs broken off");
      }
    }
  }

  async drain(): Promise<void> {
    while (!this.aborted && this.ended < this.count) {
      const frame = await reader.next();
      if (frame?.type === FRAME.abort) this.aborted = true;
      else if (frame?.type === FRAME.end) this.ended++;
      else if (frame?.type !== FRAME.data) throw new WireError("inputs broken off");
    }
  }
}

function perform(
  work: Workplace,
  request: EngineRequest,
  inputs: Inputs,
): Promise<Outcome<keyof typeof RESULTS>> {
  switch (request.op) {
    case "import":
      return importContent(work, request, inputs);
    case "materialise":
      return materialise(work, request, inputs);
    case "scan":
      return scan(work, request, inputs);
    case "open":
      return versions.begin(request, inputs);
    case "search":
      return versions.search(request, inputs);
    case "query":
      return versions.ask(request);
    case "units":
      return versions.units(request);
    case "fit":
      return versions.fit(request);
    case "close":
      return versions.close(request);
    case "parse":
      return parse({ folder: tmpdir(), memoryMb, threads: 1 }, request);
  }
}

async function* filesInOrder(paths: string[]): AsyncGenerator<Buffer> {
  for (const path of paths) yield* createReadStream(path, { highWaterMark: 256 * 1024 });
}

async function serve(request: EngineRequest): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "engine-"));
  const inputs = new WireInputs(request.inputs.length);
  let answered = false;
  try {
    await writer.header({ ready: true });
    const { result, outputs } = await perform({ folder, memoryMb, threads }, request, inputs);
    answered = true;
    await writer.header({ ok: true, result, outputs: outputs.map((_, i) => String(i)) });
    for (const output of outputs) await writer.stream(Array.isArray(output) ? filesInOrder(output) : output);
  } catch (error) {
    if (answered || error instanceof WireError) throw error;
    await writer.header({ ok: false, failure: failureOf(error) });
    await inputs.drain();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function main(): Promise<void> {
  for (;;) {
    const frame = await reader.next();
    if (!frame) return;
    // A node that sends anything but a request is answered by dying.
    if (frame.type !== FRAME.header) throw new WireError("no request");
    await serve(engineRequest.parse(JSON.parse(frame.payload.toString("utf8"))));
  }
}

// Whatever is thrown past `serve` may quote data in its text, so only the fact of it leaves the process.
process.on("uncaughtException", () => process.exit(70));
process.on("unhandledRejection", () => process.exit(70));
main().then(
  () => process.exit(0),
  () => process.exit(70),
);
