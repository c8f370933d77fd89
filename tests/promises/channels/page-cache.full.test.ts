/**
 * What one run has read of the image, as another feels it afterwards: files that nobody needed before are slower to
 * read the first time. Each file carries a bit once, until the machine needs the memory for something else.
 */
import { spawnSync } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import Docker from "dockerode";
import { findEngine } from "../../../src/sandbox/index.js";
import { type Bench, dockerBench, runProgram } from "../../sandbox/harness.js";
import { bitsBySample, type Sample } from "./information.js";

const FILES = 600;
/** In the image, never read by an ordinary program: the packages' own tests. */
const NAMES = `
import glob
names = sorted(glob.glob("/usr/lib/python3/dist-packages/**/tests/test_*.py", recursive=True))[:${FILES}]
`;
const SEND = `${NAMES}
import hashlib, os
for n, name in enumerate(names):
    if hashlib.sha256(f"{os.environ['GLOVEBOX_SEED']} {n}".encode()).digest()[0] & 1:
        open(name, "rb").read()
`;
const RECEIVE = `${NAMES}
import json, os, time
for name in names:
    os.stat(name)
times = []
for name in names:
    began = time.perf_counter_ns()
    handle = os.open(name, os.O_RDONLY)
    os.pread(handle, 1, 0)
    times.append(time.perf_counter_ns() - began)
    os.close(handle)
print(json.dumps(times))
`;

describe("the page cache", () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await dockerBench();
  });
  afterAll(() => bench.close());

  /** As if the machine had just started: drops those files from its memory, which only root can. */
  async function forget(): Promise<void> {
    const engine = findEngine();
    const { GraphDriver } = await new Docker(engine).getImage(bench.image.reference).inspect();
    const root = (GraphDriver.Data as Record<string, string>).UpperDir;
    const script =
      'find "$1/usr/lib/python3/dist-packages" -path "*/tests/test_*.py" -exec dd if={} iflag=nocache count=0 status=none \\;';
    expect(spawnSync("sh", ["-c", script, "sh", root ?? ""], { encoding: "utf8" }).stderr).toBe("");
  }

  test("tells a later run what an earlier one read: measured", async () => {
    await forget();
    const seed = randomUUID();
    const env = { GLOVEBOX_SEED: seed };
    await runProgram(bench, { files: { "main.py": SEND }, env });
    const { stdout } = await runProgram(bench, { files: { "main.py": RECEIVE }, env });
    const times: number[] = JSON.parse(stdout);
    const samples = times.map(
      (ns, n): Sample => [(createHash("sha256").update(`${seed} ${n}`).digest()[0]! & 1) === 1, ns],
    );
    const bits = bitsBySample(samples);
    process.stderr.write(
      `page cache: ${bits.toFixed(2)} bits a file of the image not read since the machine started, each once (${times.length} files)\n`,
    );
    expect(times).toHaveLength(FILES);
    expect(bits).toBeLessThanOrEqual(1);
  });
});
