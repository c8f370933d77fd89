/** What is accepted as a job, from whom, and what is kept of it. */
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { pack } from "tar-stream";
import { give, outcomeOf } from "../catalog/fixture.js";
import { grantedData, type JobsFixture, jobsFixture, submit } from "./fixture.js";

let f: JobsFixture;
beforeAll(async () => {
  f = jobsFixture();
  await grantedData(f);
});
afterAll(() => f.end());

type Entry = { name: string; type?: string; linkname?: string; content?: string };
async function archive(entries: Entry[]): Promise<string> {
  const tar = pack();
  for (const { content = "", ...header } of entries)
    tar.entry({ ...header, type: (header.type ?? "file") as "file" }, content);
  tar.finalize();
  const parts: Buffer[] = [];
  for await (const part of tar as unknown as AsyncIterable<Buffer>) parts.push(part);
  return gzipSync(Buffer.concat(parts)).toString("base64");
}

const withArchive = async (entries: Entry[]) => ({ files: undefined, archive: await archive(entries) });

describe("a job is accepted", () => {
  test("with the defaults filled in and hashes in place of the code", async () => {
    const job = await submit(f, { outputs: ["t.csv"], limits: { memory_mb: 512 } });
    expect(job).toMatchObject({
      state: "queued",
      kind: "sandbox",
      mode: "real",
      datasets: ["study"],
      ahead: 0,
    });
    expect(job.spec).toMatchObject({
      limits: { cpus: 1, memory_mb: 512, pids: 64, disk_mb: 256, wall_s: 600 },
      files: { "main.py": { bytes: 9, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) } },
    });
    expect(JSON.stringify(job)).not.toContain("print(1)");
  });

  test("with the same hash when the same is submitted again, and another when one byte differs", async () => {
    const [a, b] = [await submit(f), await submit(f)];
    const c = await submit(f, { files: { "main.py": "print(2)\n" } });
    expect(a.spec_sha256).toBe(b.spec_sha256);
    expect(c.spec_sha256).not.toBe(a.spec_sha256);
  });

  test("from an archive as from a map: the same files give the same spec", async () => {
    const map = await submit(f, { files: { "main.py": "x = 1\n", "lib/a.py": "y = 2\n" } });
    const packed = await submit(
      f,
      await withArchive([
        { name: "./lib/", type: "directory" },
        { name: "./lib/a.py", content: "y = 2\n" },
        { name: "main.py", content: "x = 1\n" },
      ]),
    );
    expect(packed.spec_sha256).toBe(map.spec_sha256);
  });
});

describe("a job is refused", () => {
  const cases: [string, Record<string, unknown>, string][] = [
    ["another image than the node has", { image: "ubuntu" }, "invalid_input"],
    ["a dataset that does not exist", { datasets: ["other"] }, "not_found"],
    ["no dataset", { datasets: [] }, "invalid_input"],
    ["a dataset twice", { datasets: ["study", "study"] }, "invalid_input"],
    ["a limit above the node's", { limits: { memory_mb: 1e6 } }, "invalid_input"],
    ["an unknown limit", { limits: { gpus: 1 } }, "invalid_input"],
    ["an output with a path", { outputs: ["../t.csv"] }, "invalid_input"],
    ["an output twice but for its case", { outputs: ["t.csv", "T.csv"] }, "invalid_input"],
    ["an output named like a log", { outputs: ["stdout.log"] }, "invalid_input"],
    ["33 outputs", { outputs: Array.from({ length: 33 }, (_, i) => `t${i}.csv`) }, "invalid_input"],
    ["neither files nor archive", { files: undefined }, "invalid_input"],
    ["an absolute path", { files: { "/etc/passwd": "" } }, "invalid_input"],
    ["a path that climbs", { files: { "a/../../b": "" } }, "invalid_input"],
    ["a path as a file and a folder", { files: { a: "", "a/b": "" } }, "invalid_input"],
    ["a NUL in the command", { command: ["a\0b"] }, "invalid_input"],
    ["an unknown kind", { kind: "shell" }, "invalid_input"],
    ["what is no archive", { files: undefined, archive: "AAAA" }, "invalid_input"],
    ["an unknown field", { network: true }, "invalid_input"],
  ];
  test.each(cases)("%s", async (_, more, code) => {
    expect(await outcomeOf(submit(f, more))).toBe(code);
  });

  test.each([
    ["a symbolic link", { name: "a", type: "symlink", linkname: "/etc/passwd" }],
    ["a hard link", { name: "a", type: "link", linkname: "main.py" }],
    ["a device", { name: "a", type: "character-device" }],
    ["a FIFO", { name: "a", type: "fifo" }],
    ["a path that climbs", { name: "../a" }],
    ["an absolute path", { name: "/a" }],
    ["a folder that climbs", { name: "../a/", type: "directory" }],
  ])("an archive with %s", async (_, entry) => {
    expect(await outcomeOf(submit(f, await withArchive([{ name: "main.py" }, entry])))).toBe("invalid_input");
  });

  test("an archive that unpacks to more than 64 MiB", async () => {
    const bomb = gzipSync(Buffer.alloc(80 * 1024 * 1024)).toString("base64");
    expect(await outcomeOf(submit(f, { files: undefined, archive: bomb }))).toBe("too_large");
  });

  test("a path twice in an archive", async () => {
    expect(await outcomeOf(submit(f, await withArchive([{ name: "a" }, { name: "./a" }])))).toBe(
      "invalid_input",
    );
  });
});

describe("who may submit", () => {
  test("nobody without a grant, whatever the roles", async () => {
    for (const actor of [f.operator, f.auditor, f.admin, f.owner])
      expect(await outcomeOf(submit(f, {}, actor))).not.toBe("ok");
  });

  test("a grant for synthetic data covers a rehearsal and nothing else", async () => {
    give(f, "study", { principal: "operator", access: "synthetic" });
    expect(await outcomeOf(submit(f, { mode: "dry_run" }, f.operator))).toBe("ok");
    expect(await outcomeOf(submit(f, {}, f.operator))).toBe("no_grant");
  });

  test("data of grade 5 needs a microvm, of grade 4 a decision of the owner", async () => {
    await grantedData(f, { name: "core", grade: 5 });
    expect(await outcomeOf(submit(f, { datasets: ["core"] }))).toBe("isolation_unavailable");
    await grantedData(f, { name: "high", grade: 4 });
    expect(await outcomeOf(submit(f, { datasets: ["high"] }))).toBe("isolation_unavailable");
    expect(await outcomeOf(submit(f, { datasets: ["high"], mode: "dry_run" }))).toBe("ok");
  });

  test("a principal has a bounded number of live jobs", async () => {
    const small = jobsFixture({ maxLiveJobs: 2 });
    await grantedData(small);
    await submit(small);
    await submit(small);
    expect(await outcomeOf(submit(small))).toBe("rate_limited");
    await small.end();
  });
});
