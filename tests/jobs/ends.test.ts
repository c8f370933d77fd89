/** Real programs in real containers: how they end, and what of what they left is held. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { OutputView } from "../../src/jobs/index.js";
import { type Live, type LiveWorker, live } from "./live.js";

let world: Live;
let worker: LiveWorker;
beforeAll(async () => {
  world = await live({ heartbeatMs: 500 });
  worker = await world.worker();
});
afterAll(() => world.end());

const python = (...lines: string[]) => ({ files: { "main.py": lines.join("\n") } });
const asAuditor = (id: string) => world.jobs.get(world.auditor, id);
const outputs = (id: string) => world.jobs.outputs(world.auditor, id) as OutputView[];

describe("who watches a job", () => {
  test("as its submitter is told of each change once, and of the end on the grid", async () => {
    const id = await world.submit(python("pass"));
    const created = Date.parse(world.jobs.get(world.researcher, id).created_at);
    const seen: { state: string; after: number }[] = [];
    for await (const view of world.jobs.watch(world.researcher, id, AbortSignal.timeout(30_000)))
      seen.push({ state: view.state, after: Date.now() - created });
    expect(seen.map((v) => v.state)).toEqual(["queued", "running", "held"]);
    const grid = Array.from({ length: 20 }, (_, k) => Math.ceil(1000 * 1.25 ** k));
    const shown = seen[2]!.after;
    expect(grid.some((point) => shown >= point && shown < point + 200)).toBe(true);
    const history = world.jobs.history(world.researcher, id);
    expect(history.map((e) => e.state)).toEqual(["queued", "running", "held"]);
    expect(grid).toContain(Date.parse(history[2]!.at) - created);
  });

  test("as an auditor sees it being checked and held", async () => {
    const id = await world.submit({
      ...python("open('/out/t.csv', 'w').write('group,n\\nall,60\\n')"),
      outputs: ["t.csv"],
    });
    const states: string[] = [];
    for await (const view of world.jobs.watch(world.auditor, id, AbortSignal.timeout(30_000)))
      states.push(view.state);
    expect([...new Set(states)]).toEqual(["queued", "running", "checking", "held"]);
  });
});

describe("a program that", () => {
  test.each([
    ["raises", python("raise SystemExit(3)"), {}, { class: "program_failed" }],
    [
      "takes too much memory",
      python("x = bytearray(900 * 1024 * 1024)"),
      { memory_mb: 128 },
      { limit: "memory" },
    ],
    ["takes too long", python("import time", "time.sleep(60)"), { wall_s: 1 }, { limit: "wall" }],
    [
      "fills the disk",
      python("open('/out/x', 'wb').write(bytes(9 << 20))"),
      { disk_mb: 4 },
      { limit: "disk" },
    ],
    [
      "forks without end",
      python("import os, time", "for _ in range(200):", "  if os.fork() == 0: time.sleep(60)"),
      { pids: 16 },
      { limit: "pids" },
    ],
  ])("%s ends in its class", async (_, program, limits, failure) => {
    const id = await world.submit({ ...program, limits });
    expect(await world.until(id, "failed", "held")).toBe("failed");
    const wanted = "limit" in failure ? { class: "limit_exceeded", ...failure } : failure;
    expect(asAuditor(id).failure).toMatchObject(wanted);
    expect(world.store.db.prepare("SELECT count(*) FROM runs WHERE job = ?").pluck().get(id)).toBe(1);
    expect(worker.child.exitCode).toBeNull();
  });

  test("reads its View and its files, and nothing else of the machine", async () => {
    const id = await world.submit({
      files: {
        "main.py": [
          "import csv, os, lib.a",
          "rows = list(csv.DictReader(open(os.environ['GLOVEBOX_DATA'] + '/study.csv')))",
          "assert list(rows[0]) == ['id', 'age', 'city'] and len(rows) == 60",
          "assert sorted(os.listdir('/data')) == ['.glovebox.json', 'study.csv'] and os.getcwd() == '/work'",
          "assert lib.a.X == 7 and os.environ['GLOVEBOX_MODE'] == 'real'",
          "assert not any('TOKEN' in k or 'WORKER' in k for k in os.environ)",
          "open('/out/t.csv', 'w').write('group,n\\nall,60\\n')",
        ].join("\n"),
        "lib/a.py": "X = 7\n",
      },
      outputs: ["t.csv"],
    });
    expect(await world.until(id, "held", "failed")).toBe("held");
    expect(outputs(id).map((o) => [o.name, o.bytes])).toEqual([
      ["stderr.log", 0],
      ["stdout.log", 0],
      ["t.csv", 15],
    ]);
  });

  test("writes identifiers where nobody looks is found out", async () => {
    const id = await world.submit({
      ...python(
        "import base64, csv",
        "ids = [r['id'] for r in csv.DictReader(open('/data/study.csv'))]",
        "print(base64.b64encode('\\n'.join(ids).encode()).decode())",
        "open('/out/t.csv', 'w').write('group,n\\nall,60\\n')",
      ),
      outputs: ["t.csv"],
    });
    expect(await world.until(id, "held", "failed")).toBe("held");
    const log = outputs(id).find((o) => o.name === "stdout.log");
    expect(log).toMatchObject({ verdict: "fail" });
    expect(log?.findings.map((f) => f.rule)).toContain("raw_values");
    expect(JSON.stringify(log?.findings)).not.toContain("unit-10");
    expect(outputs(id).find((o) => o.name === "t.csv")?.verdict).not.toBe("fail");
  });

  test("rehearses meets the twin under the same names, and its log is read at once", async () => {
    const id = await world.submit({
      ...python("print(open('/data/study.csv').readline().strip())"),
      mode: "dry_run",
    });
    expect(await world.until(id, "done", "failed")).toBe("done");
    const { stream } = await world.jobs.dryRunOutput(world.researcher, id, "stdout.log");
    expect(Buffer.concat(await stream.toArray()).toString()).toBe("id,age,city\n");
  });
});
