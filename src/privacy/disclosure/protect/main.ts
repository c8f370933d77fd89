/**
 * The protector process: reads one table, answers with its safe version, and ends. It holds no key and no network, and
 * prints nothing else. What goes wrong ends it without an answer.
 */
import { encodeFrame, FrameReader } from "../checker/frames.js";
import { type SafeQuestion, safeVersion } from "./safe.js";

async function readQuestion(): Promise<SafeQuestion> {
  const reader = new FrameReader(0);
  for await (const chunk of process.stdin) {
    const frame = reader.push(chunk as Buffer);
    if (frame !== undefined) return frame.header as SafeQuestion;
  }
  process.exit(0);
}

const facts = await safeVersion(await readQuestion());
const [length, json] = encodeFrame({ facts }) as [Buffer, Buffer];
process.stdout.write(length);
process.stdout.write(json, () => process.exit(0));
