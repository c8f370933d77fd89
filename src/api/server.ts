/**
 * The listening server: limits on heads, times and connections; an orderly stop.
 *
 * Rules: a head must come within seconds. A body may take an hour (a dataset's content is streamed); JSON bodies
 * have their own, shorter time in the pipeline. A stop finishes what runs and cuts what is still open after `graceMs`.
 */
import { createServer as createPlain, type RequestListener, type Server } from "node:http";
import { createServer as createTls } from "node:https";
import type { AddressInfo } from "node:net";

export interface TlsFiles {
  cert: Buffer | string;
  key: Buffer | string;
}

const LIMITS = {
  maxHeaderSize: 16 * 1024,
  headersTimeout: 15_000,
  requestTimeout: 3_600_000,
  keepAliveTimeout: 65_000,
};

export function createHttpServer(app: RequestListener, tls?: TlsFiles): Server {
  const server = tls
    ? createTls({ ...LIMITS, cert: tls.cert, key: tls.key, minVersion: "TLSv1.2" }, app)
    : createPlain(LIMITS, app);
  server.maxHeadersCount = 100;
  server.maxConnections = 4096;
  return server;
}

/** @returns the port it listens on. */
export async function listen(server: Server, port: number, host: string): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
  return (server.address() as AddressInfo).port;
}

export async function stopServer(server: Server, graceMs = 5_000): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const cut = setTimeout(() => server.closeAllConnections(), graceMs);
  await closed;
  clearTimeout(cut);
}
