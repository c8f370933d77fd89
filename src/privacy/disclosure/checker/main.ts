/**
 * The checker process: reads one hostile file from stdin, rebuilds it, answers on stdout, and ends.
 *
 * Rules: it holds no data, no key and no network; it reads one file in its life, so that a file that takes it
 * over harms no other. It prints nothing else. An error that is no refusal ends it without an answer, which the
 * node turns into a `fail`.
 */
import type { Evidence } from "../../../vocabulary/index.js";
import type { Canonical } from "../canonical.js";
import { loadCanonicaliser } from "../canonicalisers/index.js";
import { mediaTypeOf } from "../media.js";
import type { DisclosurePolicy } from "../policy.js";
import { judgeUnread, rebuildWith } from "../rebuild.js";
import type { Frame } from "./frames.js";
import { encodeFrame, FrameReader, READY } from "./frames.js";

const MAX_FILE = 1024 * 1024 * 1024;

async function readQuestion(): Promise<Frame> {
  const reader = new FrameReader(MAX_FILE);
  for await (const chunk of process.stdin) {
    const frame = reader.push(chunk as Buffer);
    if (frame !== undefined) return frame;
  }
  process.exit(0);
}

function answerOf(canonical: Canonical): Buffer[] {
  const { findings, capacity_bytes, texts, table } = canonical;
  const header = {
    rebuilt: canonical.canonical !== undefined,
    capacity_bytes,
    findings,
    text_names: texts.map((t) => t.name),
    ...(table === undefined ? {} : { table }),
  };
  const own = canonical.canonical === undefined ? [] : [canonical.canonical];
  return encodeFrame(header, [...own, ...texts.map((t) => t.content)]);
}

function write(parts: readonly Buffer[]): Promise<void> {
  return new Promise((resolve) => {
    parts.forEach((part, i) => {
      process.stdout.write(part, i === parts.length - 1 ? () => resolve() : undefined);
    });
  });
}

async function judge(name: string, bytes: Buffer, policy: DisclosurePolicy, evidence: Evidence) {
  const unread = judgeUnread(name, bytes.length, policy);
  if (unread !== undefined) return unread;
  const canonicalise = await loadCanonicaliser(mediaTypeOf(name)!.canonicaliser);
  return rebuildWith(canonicalise, name, bytes, policy, evidence);
}

await write(encodeFrame(READY));
const { header, bodies } = await readQuestion();
// the question comes from the node; only the file in its body is hostile
const { name, policy, evidence } = header as { name: string; policy: DisclosurePolicy; evidence: Evidence };
await write(answerOf(await judge(name, bodies[0]!, policy, evidence)));
process.exit(0);
