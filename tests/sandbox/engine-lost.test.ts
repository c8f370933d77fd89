/** The engine goes away in the middle of things: a proxy stands between it and the executor, and closes. */

import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { createDockerExecutor, findEngine } from "../../src/sandbox/index.js";
import { type Bench, dockerBench, stage } from "./harness.js";

const SLEEPER = { "main.py": "import time\ntime.sleep(600)\n" };

class EngineProxy {
  private readonly sockets = new Set<Socket>();
  private readonly server: Server;
  private open = true;
  constructor(
    readonly path: string,
    target: string,
  ) {
    this.server = createServer((client) => {
      if (!this.open) {
        client.destroy();
        return;
      }
      const engine = connect(target);
      for (const [from, to] of [
        [client, engine],
        [engine, client],
      ] as const) {
        this.sockets.add(from);
        from.pipe(to);
        from.on("error", () => undefined);
        from.on("close", () => to.destroy());
      }
    });
  }
  listen(): Promise<void> {
    return new Promise((resolve) => this.server.listen(this.path, resolve));
  }
  /** The engine has died: all connections break, and none is accepted. */
  cut(): void {
    this.open = false;
    for (const socket of this.sockets) socket.destroy();
    this.sockets.clear();
  }
  restore(): void {
    this.open = true;
  }
  close(): void {
    this.cut();
    this.server.close();
  }
}

describe("an engine that goes away", () => {
  let bench: Bench;
  let folder: string;
  let proxy: EngineProxy;
  beforeAll(async () => {
    bench = await dockerBench();
    folder = mkdtempSync(join(tmpdir(), "glovebox-proxy-"));
    proxy = new EngineProxy(join(folder, "engine.sock"), findEngine()!.socketPath);
    await proxy.listen();
  });
  afterAll(async () => {
    proxy.close();
    await bench.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const executor = () =>
    createDockerExecutor({ socketPath: proxy.path, staging: bench.staging, node: bench.node });

  test("during a run: the platform failed, not the program, and nothing of the run is read", async () => {
    const lost = executor();
    const { spec, wipe } = await stage(bench, { files: SLEEPER, outputs: ["a"] });
    const prepared = await lost.prepare(spec);
    await lost.start(prepared);
    const waiting = lost.wait(prepared);
    proxy.cut();
    const exit = await waiting;
    expect(exit.outcome).toBe("system");
    expect(exit.exitCode).toBeUndefined();
    expect(() => lost.collect(prepared)).toThrow("dead");
    await expect(lost.remove(prepared)).rejects.toMatchObject({ code: "engine_unavailable" });
    proxy.restore();
    await lost.remove(prepared);
    expect(await bench.executor.sweep(new Set())).toEqual([]);
    await wipe();
  });

  test("before a run: it is unavailable, nothing is left, and the next try is not spoilt", async () => {
    const lost = executor();
    const { spec, wipe } = await stage(bench, { files: SLEEPER });
    proxy.cut();
    await expect(lost.prepare(spec)).rejects.toMatchObject({ code: "engine_unavailable" });
    expect(await lost.probe()).toMatchObject({ available: false });
    proxy.restore();
    const prepared = await lost.prepare(spec);
    proxy.cut();
    await expect(lost.start(prepared)).rejects.toMatchObject({ code: "engine_unavailable" });
    proxy.restore();
    await lost.remove(prepared);
    await wipe();
  });
});
