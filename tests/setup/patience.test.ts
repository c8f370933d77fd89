/** An engine that unpacks an image is silent for longer than Node's shared connections wait; the set-up waits on. */
import { createServer } from "node:http";
import { join } from "node:path";
import { Readable } from "node:stream";
import { expect, test } from "@jest/globals";
import { dockerCall } from "../../scripts/setup/docker-http.mjs";
import { tempDir } from "../harness/index.js";

/** Node's shared agent gives up after five seconds of silence. */
const SILENCE_MS = 6_000;

test("an engine that answers late is waited for; one that exceeds its time is not", async () => {
  const place = tempDir("engine");
  const socket = join(place.path, "engine.sock");
  const server = createServer((request, response) => {
    request.resume();
    request.on("end", () => setTimeout(() => response.end("done"), SILENCE_MS));
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  try {
    expect(await dockerCall(socket, "POST", "/images/create", { body: Readable.from(["tar"]) })).toBe("done");
    await expect(dockerCall(socket, "GET", "/version", { timeoutMs: 200 })).rejects.toThrow("in time");
  } finally {
    server.close();
    place.remove();
  }
});
