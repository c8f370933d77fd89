/** Replies onto the wire: JSON, text, bytes and event streams. */
import { once } from "node:events";
import type { Readable } from "node:stream";
import { finished, pipeline } from "node:stream/promises";
import type { Response } from "express";
import { etagOf } from "./etag.js";
import type { EventSink, Reply } from "./route.js";

export type JsonReply = Extract<Reply, { kind: "json" }>;
type BytesReply = Extract<Reply, { kind: "bytes" }>;
type EventsReply = Extract<Reply, { kind: "events" }>;

export function sendJson(res: Response, reply: JsonReply): void {
  if (reply.etag !== undefined) res.setHeader("ETag", etagOf(reply.etag));
  for (const [name, value] of Object.entries(reply.headers ?? {})) res.setHeader(name, value);
  res.statusCode = reply.status;
  if (reply.body === undefined) {
    res.end();
    return;
  }
  // A string, so that head and body go out in one write.
  const body = JSON.stringify(reply.body);
  res.setHeader("Content-Type", "application/json");
  res.setHeader("Content-Length", Buffer.byteLength(body));
  res.end(body);
}

/** Streams bytes; a source that fails before its first byte still becomes a problem, a later one a cut connection. */
export async function sendBytes(res: Response, reply: BytesReply): Promise<void> {
  await firstByte(reply.stream);
  res.setHeader("Content-Type", reply.media);
  if (reply.bytes !== undefined) res.setHeader("Content-Length", reply.bytes);
  if (reply.sha256 !== undefined) res.setHeader("X-Content-SHA256", reply.sha256);
  if (reply.name !== undefined) res.setHeader("Content-Disposition", attachment(reply.name));
  try {
    await pipeline(reply.stream, res);
  } catch (error) {
    // The client went away: nobody's failure.
    if (reply.stream.errored && !isEarlyClose(reply.stream.errored)) throw error;
  }
}

const isEarlyClose = (error: Error): boolean =>
  "code" in error && error.code === "ERR_STREAM_PREMATURE_CLOSE";

async function firstByte(stream: Readable): Promise<void> {
  if (stream.errored) throw stream.errored;
  if (stream.readableLength > 0 || stream.readableEnded) return;
  await once(stream, "readable");
}

/** RFC 6266 with an RFC 5987 name: whatever the name holds, the header stays one header. */
export function attachment(name: string): string {
  const ascii = name.replace(/[^A-Za-z0-9._-]/g, "_");
  const encoded = encodeURIComponent(name).replace(
    /['()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${ascii}"; filename*=UTF-8''${encoded}`;
}

const HEARTBEAT_MS = 15_000;
const MAX_UNSENT_BYTES = 1 << 20;

/** Holds an event stream open until the source ends it, the client leaves, it stops reading, or its slot is taken back. */
export async function sendEvents(res: Response, reply: EventsReply, admitted: () => boolean): Promise<void> {
  // The node stopped between the look-up and here.
  if (res.writableEnded) return;
  res.writeHead(200, { "Content-Type": "text/event-stream", "X-Accel-Buffering": "no" });
  res.write(": open\n\n");
  const sink: EventSink = {
    send({ id, type, data }) {
      if (res.writableEnded) return;
      // A stream outlives the check at its start: who was revoked since hears nothing more.
      if (!admitted()) {
        res.end();
        return;
      }
      const head = id === undefined ? "" : `id: ${id}\n`;
      res.write(`${head}event: ${type}\ndata: ${JSON.stringify(data)}\n\n`);
      if (res.writableLength > MAX_UNSENT_BYTES) res.destroy();
    },
    end: () => res.end(),
  };
  const beat = setInterval(() => !res.writableEnded && res.write(": \n\n"), HEARTBEAT_MS);
  let close: (() => void) | undefined;
  try {
    close = reply.open(sink);
    await finished(res).catch(() => undefined);
  } finally {
    clearInterval(beat);
    close?.();
  }
}
