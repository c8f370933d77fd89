/** Who may stop a job and when; and jobs that lose what they stood on. The whole matrix of roles, states, actions. */
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import type { JobState } from "../../../src/jobs/index.js";
import type { Actor } from "../../../src/vocabulary/index.js";
import { give, outcome, outcomeOf } from "../../catalog/fixture.js";
import {
  claim,
  claimOf,
  finish,
  grantedData,
  type JobsFixture,
  jobsFixture,
  submit,
  trueState,
} from "../../jobs/fixture.js";

let f: JobsFixture;
let grant: string;
beforeEach(async () => {
  f = jobsFixture();
  ({ grant } = await grantedData(f));
});
afterEach(() => f.end());

/** A real job in a true state whose end, if it has one, shows. */
async function jobIn(state: JobState): Promise<string> {
  const job = await submit(f, { outputs: ["t.csv"] });
  if (state === "queued") return job.id;
  if (state === "cancelled") await f.jobs.cancel(f.researcher, job.id);
  else {
    const lease = claim(f);
    if (state === "running") return job.id;
    if (state === "checking") holdBack();
    await finish(f, lease, { exit_code: state === "failed" ? 1 : 0 }, { "t.csv": "group,n\na,40\n" });
    if (state === "checking") return job.id;
    await f.jobs.idle();
  }
  f.clock.advance(60_000);
  if (state === "done") f.jobs.closeJob(f.researcher, job.id);
  expect(trueState(f, job.id)).toBe(state);
  return job.id;
}

let release: () => void = () => undefined;
/** Keeps the check step waiting at its last question to the data. */
function holdBack(): void {
  const scan = f.engine.scan.bind(f.engine);
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  f.engine.scan = async (input) => {
    await gate;
    return scan(input);
  };
}
afterEach(() => release());

const PEOPLE = ["researcher", "owner", "admin", "auditor", "operator", "otherOwner", "stranger"] as const;
const STATES: JobState[] = ["queued", "running", "checking", "held", "done", "failed", "cancelled"];

describe("role × state × action", () => {
  const MAY_KNOW = ["researcher", "owner", "admin", "auditor"];
  const MAY_CANCEL = ["researcher", "owner", "admin"];
  const LIVE = ["queued", "running", "checking"];

  test.each(STATES)("a job that is %s", async (state) => {
    for (const who of PEOPLE) {
      const id = await jobIn(state);
      const actor: Actor = f[who];
      const knows = MAY_KNOW.includes(who);
      const known = knows ? "ok" : "not_found";
      expect([who, outcome(() => f.jobs.get(actor, id))]).toEqual([who, known]);
      expect([who, outcome(() => f.jobs.outputs(actor, id))]).toEqual([who, known]);
      expect([who, outcome(() => f.jobs.history(actor, id))]).toEqual([who, known]);
      const reads = who === "researcher" || who === "auditor";
      expect([who, outcome(() => f.jobs.code(actor, id).stream.destroy())]).toEqual([
        who,
        reads ? "ok" : "not_found",
      ]);
      expect([who, await outcomeOf(f.jobs.dryRunOutput(actor, id, "t.csv"))]).toEqual([who, "not_found"]);
      expect(f.jobs.list(actor).items.some((j) => j.id === id)).toBe(knows);
      const closes = !knows
        ? "not_found"
        : who !== "researcher"
          ? "forbidden"
          : state === "held"
            ? "later"
            : "state_conflict";
      if (closes !== "later") expect([who, outcome(() => f.jobs.closeJob(actor, id))]).toEqual([who, closes]);
      const cancels = !knows
        ? "not_found"
        : !MAY_CANCEL.includes(who)
          ? "forbidden"
          : LIVE.includes(state)
            ? "ok"
            : "state_conflict";
      expect([who, await outcomeOf(f.jobs.cancel(actor, id))]).toEqual([who, cancels]);
      if (closes === "later") expect(outcome(() => f.jobs.closeJob(actor, id))).toBe("ok");
      release();
      await f.jobs.idle();
      const left = f.jobs.internal.claim(f.worker);
      if (left) f.jobs.internal.giveBack(claimOf(f, left));
      if (trueState(f, id) === "running" || trueState(f, id) === "queued") await endAll();
    }
  });

  async function endAll(): Promise<void> {
    const runs = f.store.db
      .prepare("SELECT id AS run, fence FROM runs WHERE state NOT IN ('ended', 'lost')")
      .all() as { run: string; fence: number }[];
    for (const run of runs)
      await f.jobs.internal.finish({ worker: f.worker.id, ...run } as never, {
        outcome: "killed",
        outputs: [],
      });
    await f.jobs.idle();
    for (const { id } of f.jobs.list(f.admin, { limit: 200 }).items)
      if (trueState(f, id) === "queued") await f.jobs.cancel(f.admin, id);
  }

  test("a revision that has moved is stale, and the submitter's moves only with what shows", async () => {
    const id = await jobIn("queued");
    const { rev } = f.jobs.get(f.researcher, id);
    claim(f);
    expect(await outcomeOf(f.jobs.cancel(f.researcher, id, rev))).toBe("stale");
    expect(await outcomeOf(f.jobs.cancel(f.researcher, id, f.jobs.get(f.researcher, id).rev))).toBe("ok");
  });
});

describe("a cancelled job", () => {
  test("that ran is killed by the next heartbeat, and keeps its logs only", async () => {
    const id = await jobIn("running");
    await f.jobs.cancel(f.researcher, id);
    const run = f.store.db.prepare("SELECT id AS run, fence FROM runs WHERE job = ?").get(id) as never;
    const lease = { worker: f.worker.id, ...(run as object) } as never;
    expect(f.jobs.internal.heartbeat(lease)).toEqual({ cancel: true });
    await finish(f, lease, { outcome: "killed" }, { "stdout.log": "half\n", "t.csv": "a\n1\n" });
    await f.jobs.idle();
    expect(trueState(f, id)).toBe("cancelled");
    f.clock.advance(60_000);
    expect(f.jobs.get(f.researcher, id)).toMatchObject({ state: "cancelled" });
    const held = new Map(f.jobs.heldOutputs(id).map((o) => [o.name, o.bytes]));
    expect(held.get("stdout.log")).toBe(5);
    expect(held.get("t.csv")).toBe(0);
  });

  test("whose worker died in the meantime ends all the same", async () => {
    const id = await jobIn("running");
    await f.jobs.cancel(f.researcher, id);
    f.clock.advance(31_000);
    await f.jobs.tick();
    await f.jobs.idle();
    expect(trueState(f, id)).toBe("cancelled");
  });

  test("that ends by itself before it is killed is cancelled", async () => {
    const id = await jobIn("running");
    await f.jobs.cancel(f.researcher, id);
    const run = f.store.db.prepare("SELECT id AS run, fence FROM runs WHERE job = ?").get(id) as object;
    await finish(f, { ...run } as never);
    await f.jobs.idle();
    expect(trueState(f, id)).toBe("cancelled");
  });

  test("that was being checked keeps nothing but its logs", async () => {
    const id = await jobIn("checking");
    await f.jobs.cancel(f.researcher, id);
    release();
    await f.jobs.idle();
    expect(trueState(f, id)).toBe("cancelled");
    f.clock.advance(60_000);
    expect(f.jobs.heldOutputs(id).find((o) => o.name === "t.csv")).toMatchObject({ bytes: 0 });
  });
});

describe("what a job stood on ends", () => {
  const ENDS: [string, () => unknown][] = [
    ["its grant is revoked", () => f.catalog.grants.revoke(f.owner, grant)],
    ["its dataset is suspended", () => f.catalog.datasets.suspend(f.owner, "study")],
    ["its dataset is retired", () => f.catalog.datasets.retire(f.owner, "study")],
    ["its submitter is revoked", () => f.catalog.principals.revoke(f.admin, "researcher")],
    [
      "its grant expires",
      () => {
        f.store.db.prepare("UPDATE grants SET expires_at = ? WHERE id = ?").run(f.clock.now(), grant);
        f.clock.advance(1);
        f.catalog.grants.expireDue();
      },
    ],
  ];

  test.each(ENDS)("%s: a queued job fails at once, a running one is killed", async (_, act) => {
    const running = await jobIn("running");
    const queued = await jobIn("queued");
    act();
    expect(trueState(f, queued)).toBe("failed");
    expect(f.jobs.get(f.researcher, queued)).toMatchObject({
      state: "failed",
      failure: { class: "refused" },
    });
    const run = f.store.db.prepare("SELECT id AS run, fence FROM runs WHERE job = ?").get(running) as object;
    const lease = { worker: f.worker.id, ...run } as never;
    expect(f.jobs.internal.heartbeat(lease)).toEqual({ cancel: true });
    await finish(f, lease, { outcome: "killed" });
    await f.jobs.idle();
    expect(trueState(f, running)).toBe("failed");
    f.clock.advance(60_000);
    expect(f.jobs.get(f.researcher, running).failure).toEqual({ class: "refused" });
    expect(f.jobs.internal.claim(f.worker)).toBeUndefined();
  });

  test("a held job stays held, and another's job goes on", async () => {
    give(f, "study", { principal: "operator" });
    const held = await jobIn("held");
    const other = await submit(f, {}, f.operator);
    f.catalog.grants.revoke(f.owner, grant);
    expect(trueState(f, held)).toBe("held");
    expect(trueState(f, other.id)).toBe("queued");
  });

  test("between submission and claim no grant can slip away: the run is never leased", async () => {
    await submit(f);
    f.catalog.grants.revoke(f.owner, grant);
    expect(f.jobs.internal.claim(f.worker)).toBeUndefined();
    expect(await outcomeOf(submit(f))).toBe("no_grant");
  });
});

describe("time", () => {
  test("a job that waited a week is refused", async () => {
    const id = await jobIn("queued");
    f.clock.advance(7 * 86_400_000);
    await f.jobs.tick();
    expect(f.jobs.get(f.researcher, id)).toMatchObject({ state: "failed", failure: { class: "refused" } });
  });

  test("retention closes a held job and removes a rehearsal's files", async () => {
    const held = await jobIn("held");
    const dry = await submit(f, { mode: "dry_run" });
    await finish(f, claim(f), {}, { "stdout.log": "hi\n" });
    await f.jobs.idle();
    f.clock.advance(31 * 86_400_000);
    await f.jobs.tick();
    expect(trueState(f, held)).toBe("done");
    expect(await outcomeOf(f.jobs.dryRunOutput(f.researcher, dry.id, "stdout.log"))).toBe("not_found");
  });
});
