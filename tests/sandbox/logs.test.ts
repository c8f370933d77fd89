import { PassThrough } from "node:stream";
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { captureLogs } from "../../src/sandbox/docker/logs.js";

function frame(stream: 1 | 2, text: string): Buffer {
  const body = Buffer.from(text);
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(body.length, 4);
  return Buffer.concat([header, body]);
}

async function capture(chunks: Buffer[], limits = { capBytes: 1000, floodBytes: 1_000_000 }) {
  const stream = new PassThrough();
  let floods = 0;
  const logs = captureLogs(stream, () => floods++, limits);
  for (const chunk of chunks) stream.write(chunk);
  stream.end();
  await logs.done;
  return {
    out: logs.stdout().toString(),
    err: logs.stderr().toString(),
    truncated: logs.truncated(),
    floods,
  };
}

describe("logs of a run", () => {
  test("are told apart however the engine's frames are cut", async () => {
    const parts = fc.array(fc.tuple(fc.constantFrom(1 as const, 2 as const), fc.string({ maxLength: 20 })), {
      maxLength: 12,
    });
    await fc.assert(
      fc.asyncProperty(parts, fc.integer({ min: 1, max: 17 }), async (frames, size) => {
        const bytes = Buffer.concat(frames.map(([stream, text]) => frame(stream, text)));
        const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
          bytes.subarray(i * size, (i + 1) * size),
        );
        const of = (stream: 1 | 2) =>
          frames
            .filter(([s]) => s === stream)
            .map(([, text]) => text)
            .join("");
        expect(await capture(chunks)).toEqual({ out: of(1), err: of(2), truncated: false, floods: 0 });
      }),
    );
  });

  test("are cut at the cap, exactly, and say so", async () => {
    const limits = { capBytes: 10, floodBytes: 1000 };
    expect(await capture([frame(1, "x".repeat(10))], limits)).toMatchObject({
      out: "x".repeat(10),
      truncated: false,
    });
    expect(await capture([frame(1, "x".repeat(11))], limits)).toMatchObject({
      out: "x".repeat(10),
      truncated: true,
    });
    expect(await capture([frame(2, "x".repeat(11)), frame(1, "ok")], limits)).toMatchObject({
      out: "ok",
      truncated: true,
    });
  });

  test("a flood is reported once", async () => {
    const chunks = Array.from({ length: 50 }, () => frame(1, "x".repeat(100)));
    expect(await capture(chunks, { capBytes: 10, floodBytes: 1000 })).toMatchObject({
      floods: 1,
      out: "x".repeat(10),
    });
  });
});
