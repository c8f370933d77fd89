import { createHash } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { verifyBundle } from "../../src/airlock/index.js";
import { entriesOf } from "../catalog/fixture.js";
import {
  type AirlockFixture,
  airlockFixture,
  bundleOf,
  FILES,
  request,
  review,
  reviewed,
} from "./fixture.js";

let f: AirlockFixture;
beforeAll(async () => {
  f = await airlockFixture();
});
afterAll(() => f.end());

test("two approvals release: entries in order, the bundle verifies, the requester reads the files", async () => {
  const { id } = request(f);
  expect(f.airlock.submit(f.researcher, id).state).toBe("submitted");
  expect((await review(f, f.first, id)).state).toBe("partially_reviewed");
  const released = await review(f, f.second, id);
  expect(released.state).toBe("released");
  expect(entriesOf(f, id)).toEqual([
    "release.requested",
    "release.submitted",
    "release.reviewed",
    "release.reviewed",
    "release.approved",
    "release.released",
  ]);
  const zip = await bundleOf(f, id);
  const { info } = f.airlock.bundle(f.researcher, id);
  expect(createHash("sha256").update(zip).digest("hex")).toBe(info.sha256);
  const verified = verifyBundle(zip);
  expect(verified).toMatchObject({ ok: true, problems: [] });
  expect(verified.proves.join("\n")).toContain("model.json, t1.csv");
  const pinned = verifyBundle(zip, { origin: f.ledger.origin, key: f.ledger.publicKey });
  expect(pinned.ok).toBe(true);
  expect(pinned.not_proven.length).toBe(verified.not_proven.length - 1);
  const { stream } = f.airlock.file(f.researcher, id, "t1.csv");
  expect(Buffer.concat((await stream.toArray()) as Buffer[]).toString()).toBe(FILES["t1.csv"]);
});

test("outputs are asked for by id or by name, and one named both ways is named twice", () => {
  const ask = (outputs: string[]) =>
    f.airlock.create(f.researcher, { job: f.job, outputs, justification: "x" });
  const id = f.outputs.get("t1.csv")!.id;
  expect(ask([id, "model.json"]).files.map((file) => file.name)).toEqual(["model.json", "t1.csv"]);
  expect(() => ask([id, "t1.csv"])).toThrow("names an output twice");
  expect(() => ask(["nothing.csv"])).toThrow("is no held output of this job");
});

test("the ways out of a full review", async () => {
  expect((await reviewed(f, ["reject", "reject"])).state).toBe("rejected");
  expect((await reviewed(f, ["approve", "reject"])).state).toBe("returned");
  expect((await reviewed(f, ["return", "approve"])).state).toBe("returned");
  expect((await reviewed(f, ["return", "reject"])).state).toBe("returned");
});
