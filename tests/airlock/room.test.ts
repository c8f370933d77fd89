/** What an auditor is told of a release beyond its files: the order of findings, and how much it could carry. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type AirlockFixture, airlockFixture, FILES, review, submitted } from "./fixture.js";

let f: AirlockFixture;
beforeAll(async () => {
  f = await airlockFixture({ ...FILES, "small.csv": "city,n\nWuhan,3\nChengdu,80\n" });
});
afterAll(() => f.end());

const bytesOf = (names: readonly string[]): number =>
  names.reduce((sum, name) => sum + (f.outputs.get(name)?.capacity_bytes ?? 0), 0);

test("findings come with what needs a human first", () => {
  const { id } = submitted(f, ["small.csv"]);
  const [file] = f.airlock.get(f.first, id).files;
  const verdicts = file!.findings!.map(({ verdict }) => verdict);
  expect(verdicts[0]).toBe("fail");
  expect(verdicts).toEqual([...verdicts].sort((a, b) => weight(b) - weight(a)));
});
const weight = (verdict: string) => ["pass", "review", "fail"].indexOf(verdict);

test("each file says how much it could hold, as bytes and records; the requester is told nothing of it", async () => {
  const { id } = submitted(f, ["t1.csv", "note.txt"]);
  const seen = f.airlock.get(f.first, id);
  expect(seen.room!.record_bytes).toBeGreaterThan(0);
  for (const { name, room } of seen.files) {
    expect(room!.bytes).toBe(f.outputs.get(name)!.capacity_bytes);
    expect(room!.records).toBe(Math.ceil(room!.bytes / seen.room!.record_bytes));
  }
  expect(seen.room!.job.bytes).toBe(bytesOf([...f.outputs.keys()]));
  expect(JSON.stringify(f.airlock.get(f.researcher, id))).not.toContain("room");
});

test("to date counts what went out to this requester from these data, each file once", async () => {
  const before = f.airlock.get(f.first, submitted(f, ["t1.csv"]).id).room!.to_date;
  for (const names of [["t1.csv"], ["t1.csv", "note.txt"]]) {
    const { id } = submitted(f, names);
    await review(f, f.first, id);
    await review(f, f.second, id);
  }
  const after = f.airlock.get(f.first, submitted(f, ["t2.csv"]).id).room!.to_date;
  expect(after.files - before.files).toBe(2);
  expect(after.bytes - before.bytes).toBe(bytesOf(["t1.csv", "note.txt"]));
});
