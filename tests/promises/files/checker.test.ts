/** Promises 1 and 3: the process that reads hostile files is alone, capped, single-use, and never hangs a check. */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { PassThrough, Readable } from "node:stream";
import { afterEach, describe, expect, test } from "@jest/globals";
import { parquetWriteBuffer } from "hyparquet-writer";
import type { Checker, CheckerCaps, SpawnChecker } from "../../../src/privacy/index.js";
import { createChecker, defaultPolicy, MEDIA_TYPES } from "../../../src/privacy/index.js";
import { until } from "../../harness/index.js";
import { rebuild } from "../../harness/rebuild.js";
import { safetensors } from "../../privacy/disclosure/files/arrays.js";
import { honest } from "../../privacy/disclosure/files/check.js";
import { model } from "../../privacy/disclosure/files/onnx.js";
import { check, confinedChecker, deflated, impostor, picture, pngOf, rows } from "./checkers.js";

let open: Checker | undefined;
function start(spawn: SpawnChecker, caps: Partial<CheckerCaps> = {}): Checker {
  open = createChecker({ spawn, caps });
  return open;
}
afterEach(async () => {
  await open?.close();
  open = undefined;
});

const HONEST = `process.stdin.once("data", () => frame(
  { rebuilt: true, capacity_bytes: 1, findings: [], text_names: [] }, Buffer.from("x")));`;
const GREET = "setInterval(() => {}, 1e6); frame(READY);";

describe("the confined checker", () => {
  test("rebuilds each kind of file, in any number, each in a process of its own", async () => {
    const pids: number[] = [];
    const checker = start((memoryMb, cpuSeconds) => {
      const child = confinedChecker(memoryMb, cpuSeconds);
      pids.push(child.pid!);
      return child;
    });
    const files: [string, Buffer][] = [
      ["t.csv", Buffer.from("grp,n\n1,20\n2,3\n")],
      ["m.json", Buffer.from('{"b":1.50,"a":[true,null]}')],
      ["stdout.log", Buffer.from("hello\r\n")],
      ["p.png", Buffer.concat([picture(), rows(20)])],
    ];
    const got = await Promise.all(files.map(([name, bytes]) => check(checker, name, bytes)));
    expect(got.slice(0, 3).map((g) => g.canonical?.toString())).toEqual([
      "grp,n\n1,20\n2,3\n",
      '{"a":[true,null],"b":1.5}',
      "hello\n",
    ]);
    expect(got[0]?.table?.cells).toHaveLength(2);
    expect(got[3]?.findings.map((f) => `${f.rule}:${f.verdict}`)).toContain("hidden_content:fail");
    expect(got[3]?.texts.some((t) => t.content.equals(rows(20)))).toBe(true);
    expect(new Set(pids).size).toBeGreaterThanOrEqual(files.length);
  });

  test("rebuilds every type of file that is accepted", async () => {
    const table = parquetWriteBuffer({ columnData: [{ name: "n", data: [20, 3], type: "INT32" }] });
    const files: [string, Buffer][] = [
      ["a.md", Buffer.from("# Counts\n")],
      ["a.txt", Buffer.from("counts\n")],
      ["a.jpg", honest("odd_size.jpeg")],
      ["a.jpeg", honest("progressive.jpeg")],
      ["a.svg", honest("plot.svg")],
      ["a.html", honest("table.html")],
      ["a.parquet", Buffer.from(table)],
      ["a.onnx", model()],
      ["a.npz", honest("stored.npz")],
      [
        "a.safetensors",
        safetensors({ a: { dtype: "F32", shape: [1], data_offsets: [0, 4] } }, Buffer.alloc(4)),
      ],
    ];
    const checker = start(confinedChecker);
    const got = await Promise.all(files.map(([name, bytes]) => check(checker, name, bytes)));
    for (const [i, [name, bytes]] of files.entries()) {
      expect([name, got[i]!.sha256]).toEqual([name, rebuild(name, bytes, defaultPolicy(3)).sha256]);
      expect([name, got[i]!.canonical === undefined]).toEqual([name, false]);
    }
    const tested = new Set([...files.map(([name]) => name.slice(2)), "csv", "json", "log", "png"]);
    expect(MEDIA_TYPES.map((t) => t.extension).filter((e) => !tested.has(e))).toEqual([]);
  });

  test("ends on a file whose parser would run on and on", async () => {
    const data = Array.from({ length: 40 }, (_, i) => `group ${i % 2}`);
    const column = { name: "g", data, type: "STRING" as const, encoding: "RLE_DICTIONARY" as const };
    const bytes = Buffer.from(
      parquetWriteBuffer({
        columnData: [{ ...column, nullable: false }],
        codec: "UNCOMPRESSED",
        statistics: false,
      }),
    );
    // a run of forty values of one bit becomes one of two hundred million
    const run = bytes.indexOf(Buffer.from([0xaa, 0xaa])) - 1;
    Buffer.from("feffffbf01", "hex").copy(bytes, run);
    const got = await check(start(confinedChecker, { cpuSeconds: 2 }), "a.parquet", bytes);
    expect(got.findings.map((f) => `${f.rule}:${f.verdict}`)).toEqual(["checker_limit:fail"]);
  });

  test("has no network, no identity, no file of the node, and one file in its life", async () => {
    let pid = 0;
    const checker = start((memoryMb, cpuSeconds) => {
      const child = confinedChecker(memoryMb, cpuSeconds);
      pid ||= child.pid!;
      return child;
    });
    const held = new PassThrough();
    const pending = checker.canonicalise({ name: "a.log", source: held, bytes: 4, policy: defaultPolicy(3) });
    held.write("ab");
    const node = await untilNode(pid);
    expect(readFileSync(`/proc/${node}/net/dev`, "utf8").split("\n").slice(2, -1)).toEqual([
      expect.stringMatching(/^ *lo:/),
    ]);
    const status = readFileSync(`/proc/${node}/status`, "utf8");
    expect(status).toMatch(/^CapEff:\s+0+$/m);
    expect(status).toMatch(/^NoNewPrivs:\s+1$/m);
    expect(status).toMatch(/^Seccomp:\s+2$/m);
    const root = readdirSync(`/proc/${node}/root`);
    for (const folder of ["root", "home", "var", "run", "work", "srv"]) expect(root).not.toContain(folder);
    expect(readdirSync(`/proc/${node}/root/glovebox`).sort()).toEqual([
      "dist",
      "node_modules",
      "package.json",
    ]);
    held.end("cd");
    expect((await pending).canonical?.toString()).toBe("abcd\n");
    await until(() => !existsSync(`/proc/${node}`), "the end of the checker process");
  });

  test("that runs out of memory fails the file, not the next one", async () => {
    const checker = start(confinedChecker, { memoryMb: 128 });
    const huge = pngOf(5000, 4900, deflated(Buffer.alloc(4900 * 5001)), 8, 0);
    const big = await check(checker, "a.png", huge);
    expect(big.findings.map((f) => `${f.rule}:${f.verdict}`)).toEqual(["checker_limit:fail"]);
    const next = await check(checker, "b.json", Buffer.from("[1]"));
    expect(next.canonical?.toString()).toBe("[1]");
  });

  test("rebuilds the largest picture allowed within its caps", async () => {
    const huge = pngOf(5000, 4900, deflated(Buffer.alloc(4900 * 5001, 0)), 8, 0);
    expect((await check(start(confinedChecker), "a.png", huge)).canonical).toBeDefined();
  });
});

/** The confined node process below the one that was spawned. */
async function untilNode(ancestor: number): Promise<number> {
  for (;;) {
    for (const pid of readdirSync("/proc").filter((p) => /^\d+$/.test(p))) {
      try {
        const isNode = readFileSync(`/proc/${pid}/cmdline`, "utf8").startsWith("/bin/node\0");
        if (isNode && descends(Number(pid), ancestor)) return Number(pid);
      } catch {
        // it ended while we looked
      }
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
}
function descends(pid: number, ancestor: number): boolean {
  for (
    let p = pid;
    p > 1;
    p = Number(readFileSync(`/proc/${p}/stat`, "utf8").split(") ")[1]!.split(" ")[1])
  ) {
    if (p === ancestor) return true;
  }
  return false;
}

describe("a checker that a file has taken over", () => {
  test.each<[string, string, string]>([
    ["hangs", GREET, "time"],
    ["spins", `${GREET} process.stdin.once("data", () => { for (;;); });`, "time"],
    ["crashes", `${GREET} process.stdin.once("data", () => process.abort());`, "ended"],
    ["leaves quietly", `${GREET} process.stdin.once("data", () => process.exit(0));`, "ended"],
    [
      "answers with noise",
      `${GREET} process.stdin.once("data", () => process.stdout.write(Buffer.alloc(64, 255)));`,
      "answer",
    ],
    [
      "answers with broken JSON",
      `${GREET} process.stdin.once("data", () => process.stdout.write(Buffer.from("\\0\\0\\0\\x02{]")));`,
      "answer",
    ],
    [
      "names a rule that does not exist",
      `${GREET} process.stdin.once("data", () => frame({ rebuilt: false, capacity_bytes: 0, findings: [{ rule: "x", verdict: "fail", message: "" }], text_names: [] }));`,
      "answer",
    ],
    [
      "refuses without a reason",
      `${GREET} process.stdin.once("data", () => frame({ rebuilt: false, capacity_bytes: 0, findings: [], text_names: [] }));`,
      "answer",
    ],
    [
      "promises bytes that it does not send",
      `${GREET} process.stdin.once("data", () => frame({ rebuilt: true, capacity_bytes: 0, findings: [], text_names: [] }));`,
      "answer",
    ],
    [
      "promises a body of a terabyte",
      `${GREET} process.stdin.once("data", () => { const j = Buffer.from('{"bodies":[1000000000000]}'); process.stdout.write(Buffer.concat([Buffer.from([0,0,0,j.length]), j])); });`,
      "answer",
    ],
    [
      "adds words of its own",
      `${GREET} process.stdin.once("data", () => frame({ rebuilt: true, capacity_bytes: 1, findings: [], text_names: [], extra: 1 }, Buffer.from("x")));`,
      "answer",
    ],
  ])("and %s: the file fails", async (_, script, how) => {
    const checker = start(impostor(script), { wallMs: 1500 });
    const got = await check(checker, "a.log", Buffer.from("abc"));
    expect(got.canonical).toBeUndefined();
    expect(got.findings).toEqual([
      expect.objectContaining({ rule: "checker_limit", verdict: "fail", evidence: { how } }),
    ]);
  });

  test("cannot set the hash or the type of what it returns", async () => {
    const got = await check(start(impostor(GREET + HONEST)), "a.log", Buffer.from("abc"));
    expect(got.sha256).toBe("2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881");
    expect(got.media_type).toBe("text/plain");
  });

  test("is gone when the next file is read", async () => {
    let count = 0;
    const scripts = [
      `${GREET} process.stdin.once("data", () => { for (;;); });`,
      GREET + HONEST,
      GREET + HONEST,
    ];
    const checker = start((m, c) => impostor(scripts[count++]!)(m, c), { wallMs: 1000 });
    expect((await check(checker, "a.log", Buffer.from("abc"))).canonical).toBeUndefined();
    expect((await check(checker, "b.log", Buffer.from("abc"))).canonical?.toString()).toBe("x");
  });
});

describe("the node's own faults are no verdict on a file", () => {
  test("no process can be started", async () => {
    const checker = start(impostor("process.exit(1)"));
    await expect(check(checker, "a.log", Buffer.from("abc"))).rejects.toMatchObject({
      code: "engine_unavailable",
    });
    const missing = start(() => {
      throw new Error("no bwrap");
    });
    await expect(check(missing, "a.log", Buffer.from("abc"))).rejects.toThrow("no bwrap");
  });

  test("a waiting process that has died is replaced", async () => {
    const started: ChildProcess[] = [];
    const checker = start((m, c) => {
      const child = impostor(started.length === 0 ? `${GREET} process.exit(0)` : GREET + HONEST)(m, c);
      started.push(child);
      return child;
    });
    await until(() => started.length > 0, "the start of the spare");
    if (started[0]!.exitCode === null) await once(started[0]!, "close");
    expect((await check(checker, "a.log", Buffer.from("abc"))).canonical?.toString()).toBe("x");
  });

  test("a source that fails, or is not as long as recorded, rejects", async () => {
    const checker = start(impostor(GREET));
    const policy = defaultPolicy(3);
    const broken = new Readable({
      read() {
        this.destroy(new Error("changed byte"));
      },
    });
    await expect(checker.canonicalise({ name: "a.log", source: broken, bytes: 3, policy })).rejects.toThrow(
      "changed byte",
    );
    for (const bytes of [2, 4])
      await expect(
        checker.canonicalise({ name: "a.log", source: Readable.from([Buffer.from("abc")]), bytes, policy }),
      ).rejects.toMatchObject({ code: "internal" });
  });

  test("closing ends checks under way and waiting ones", async () => {
    const checker = start(impostor(GREET), { concurrency: 1 });
    const checks = [1, 2, 3].map(() => check(checker, "a.log", Buffer.from("abc")));
    const outcomes = Promise.allSettled(checks);
    await new Promise((resolve) => setTimeout(resolve, 300));
    await checker.close();
    for (const outcome of await outcomes)
      expect(outcome).toMatchObject({ status: "rejected", reason: { code: "engine_unavailable" } });
  });
});

test("an empty log is answered without a process", async () => {
  let started = 0;
  const checker = start((m, c) => {
    started++;
    return impostor(GREET)(m, c);
  });
  const got = await check(checker, "stderr.log", Buffer.alloc(0));
  expect(got).toMatchObject({ bytes: 0, capacity_bytes: 0 });
  expect(got.canonical?.length).toBe(0);
  expect(started).toBe(1);
});
