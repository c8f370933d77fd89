/** A node whose worker keeps a container ready: a job gets it, the node says so, and a stopped node leaves none. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { dockerCall } from "../../scripts/setup/docker-http.mjs";
import { sharedEngine } from "../harness/engine.js";
import {
  awaitJob,
  grantSandbox,
  type RunningNode,
  sandboxJob,
  startNode,
  submitJob,
  until,
  type World,
  world,
} from "../harness/index.js";

let node: RunningNode;
let w: World;
beforeAll(async () => {
  node = await startNode({ workers: 1, args: ["--ready", "1"] });
  w = await world(node);
});
afterAll(() => node?.destroy());

async function containers(): Promise<string[]> {
  const { socketPath } = await sharedEngine();
  const filters = encodeURIComponent(JSON.stringify({ label: ["glovebox.ready"] }));
  const listed: { Labels: Record<string, string> }[] = JSON.parse(
    await dockerCall(socketPath, "GET", `/containers/json?all=1&filters=${filters}`),
  );
  return listed
    .map(({ Labels }) => Labels["glovebox.ready"] ?? "")
    .filter((owner) => node.workers.some((pid) => owner.startsWith(`${pid}-`)));
}

async function metric(what: string): Promise<number> {
  const { text } = await node.http("GET", "/metrics", { token: node.adminToken });
  return Number(new RegExp(`^glovebox_ready\\{what="${what}"\\} (\\d+)$`, "m").exec(text)?.[1] ?? Number.NaN);
}

test("a job gets the container that waited, the metrics count it, and another is made", async () => {
  await grantSandbox(w.owner, w.researcher);
  await until(async () => (await metric("waiting")) === 1, "a container to wait");
  // The kernel adds a group's memory up late, and the worker says it anew with each message.
  await until(async () => (await metric("memory_bytes")) > 10_000_000, "what it holds");
  const program =
    "import pandas\nprint(b'PYTHONPATH=' in open('/proc/self/environ', 'rb').read(), len(pandas.read_csv('/data/flchain.csv')) > 0)";
  const job = await submitJob(w.researcher, sandboxJob(program, [], { mode: "dry_run" }));
  await awaitJob(w.researcher, job);
  const log = await w.researcher.http("GET", `/api/v1/jobs/${job}/outputs/stdout.log`);
  expect(log.text).toBe("True True\n");
  await until(
    async () => (await metric("given")) === 1 && (await metric("waiting")) === 1,
    "the next to wait",
  );
  expect(await metric("cold")).toBe(0);
});

test("a node that stops leaves no container waiting", async () => {
  expect(await containers()).toHaveLength(1);
  expect(await node.stop()).toBe(0);
  expect(await containers()).toEqual([]);
});
