/**
 * Core data, of grade 5: a program of a researcher runs on them in a machine of its own and nowhere else, and what it
 * found goes the usual way out. Installs what machines stand on where it lacks.
 */
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import {
  awaitJob,
  FLCHAIN_COLUMNS,
  grantSandbox,
  publishFlchain,
  type RunningNode,
  requestRelease,
  review,
  sandboxJob,
  startNode,
  until,
  Witness,
  type World,
  world,
} from "../harness/index.js";
import { setUpMicrovm } from "../sandbox/microvm/bench.js";

/** A first trial makes the image's disk and boots an emulated machine, on a machine that may be busy. */
const OFFERED_WITHIN_MS = 10 * 60_000;
const JOB_WITHIN_MS = 10 * 60_000;

const PROGRAM = `
import os, platform
import pandas as pd
data = pd.read_csv(f"{os.environ['GLOVEBOX_DATA']}/core.csv")
by_sex = data.groupby("sex").size().rename("patients").reset_index()
by_sex.to_csv(f"{os.environ['GLOVEBOX_OUT']}/by_sex.csv", index=False)
print(platform.release())
`;

let node: RunningNode;
let w: World;
let witness: Witness;
beforeAll(async () => {
  setUpMicrovm();
  node = await startNode({ workers: 1 });
  w = await world(node);
  const columns = FLCHAIN_COLUMNS.map((column) =>
    column.name === "kappa" ? { ...column, grade: 5 } : column,
  );
  await publishFlchain(w.owner, w.auditors, { name: "core", columns });
  await grantSandbox(w.owner, w.researcher, { dataset: "core" });
  witness = new Witness(node.dataDir);
}, OFFERED_WITHIN_MS);
afterAll(async () => {
  witness?.close();
  await node?.destroy();
});

/** Refused until a worker has shown that it can; the wish for less does not make it less. */
async function submitWhenOffered(): Promise<string> {
  const body = sandboxJob(PROGRAM, ["by_sex.csv"], {
    datasets: ["core"],
    limits: { memory_mb: 768, wall_s: 300 },
    isolation: "container",
  });
  for (const deadline = Date.now() + OFFERED_WITHIN_MS; Date.now() < deadline; await delay(1000)) {
    const { status, json } = await w.researcher.http("POST", "/api/v1/jobs", { body });
    if (status < 300) return json.id;
    expect(json.code).toBe("isolation_unavailable");
  }
  throw new Error("no worker offered machines in time");
}

test(
  "a job on core data waits for a machine of its own, runs in it, and its result is released as any other's",
  async () => {
    const id = await submitWhenOffered();
    // Of core data a requester sees that the job is over, and no more.
    expect((await awaitJob(w.researcher, id, undefined, JOB_WITHIN_MS)).state).toBe("ended");
    expect(witness.jobState(id)).toBe("held");
    const levels = witness.rows<{ isolation: string }>("SELECT isolation FROM runs WHERE job = ?", id);
    expect(levels).toEqual([{ isolation: "microvm" }]);
    const release = await requestRelease(w.researcher, id, ["by_sex.csv"]);
    for (const auditor of w.auditors) await review(auditor, release);
    await until(() => witness.releaseState(release) === "released", "the release");
    const file = await w.researcher.http("GET", `/api/v1/releases/${release}/files/by_sex.csv`);
    expect(file.text.replaceAll("\r\n", "\n")).toBe("sex,patients\nF,4350\nM,3524\n");
  },
  OFFERED_WITHIN_MS + JOB_WITHIN_MS,
);
