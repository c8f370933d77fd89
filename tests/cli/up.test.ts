/** `glovebox up` as a process: what it says, whom it lets near, how it stops. */
import { once } from "node:events";
import { readFileSync, statSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { get } from "node:https";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "@jest/globals";
import { packageRoot } from "../../scripts/setup/home.mjs";
import { isAlive, type RunningNode, startNode } from "../harness/index.js";
import { glovebox } from "./fixture.js";

const tls = (name: string) => join(packageRoot, "tests", "vectors", "tls", name);

/** The Strict-Transport-Security header of the node's answer. */
async function strictTransport(url: string): Promise<string | undefined> {
  const [answer] = (await once(
    get(`${url}/healthz`, { ca: readFileSync(tls("localhost.crt")) }),
    "response",
  )) as [IncomingMessage];
  answer.resume();
  return answer.headers["strict-transport-security"];
}

let node: RunningNode | undefined;
afterEach(async () => {
  await node?.destroy();
  node = undefined;
});

describe("glovebox up", () => {
  test("says where it is in one line, keeps its data private, and stops with all it started", async () => {
    node = await startNode({ workers: 1 });
    expect(node.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(isAlive(node.pid)).toBe(true);
    expect(node.workers).toHaveLength(1);
    expect(statSync(join(node.dataDir, "admin.token")).mode & 0o777).toBe(0o600);
    expect(statSync(node.dataDir).mode & 0o077).toBe(0);
    const metrics = await node.http("GET", "/metrics", { token: node.adminToken });
    expect(metrics.status).toBe(200);
    const { pid, workers } = node;
    expect(await node.stop()).toBe(0);
    expect([pid, ...workers].filter(isAlive)).toEqual([]);
  });

  test("is one node a folder: a second one is told so and starts nothing", async () => {
    node = await startNode({ workers: 0 });
    const second = await glovebox(
      ["up", "--data-dir", node.dataDir, "--port", "0", "--workers", "0", "--json"],
      {
        HOME: process.env.HOME ?? "",
      },
    );
    expect(second.code).toBe(1);
    expect(second.json.error.code).toBe("state_conflict");
    expect((await node.http("GET", "/healthz")).status).toBe(200);
  });

  test("speaks TLS where it has a certificate, and then tells browsers to stay with it", async () => {
    const args = ["--tls-cert", tls("localhost.crt"), "--tls-key", tls("localhost.key")];
    node = await startNode({ workers: 0, args });
    expect(node.url).toMatch(/^https:/);
    const env = { GLOVEBOX_URL: node.url, GLOVEBOX_TOKEN: node.adminToken };
    const trusting = await glovebox(["principal", "list", "--json"], {
      ...env,
      NODE_EXTRA_CA_CERTS: tls("localhost.crt"),
    });
    expect([trusting.code, trusting.stderr]).toEqual([0, ""]);
    expect(await strictTransport(node.url)).toMatch(/^max-age=\d+/);
    const wary = await glovebox(["principal", "list"], env);
    expect(wary.code).toBe(4);
    expect(wary.stderr).toContain("SELF_SIGNED");
  });
});
