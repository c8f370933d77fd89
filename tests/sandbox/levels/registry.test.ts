/** Which levels a machine offers: what is missing is named, what fails its trial is not offered, nothing is replaced. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import {
  type Executor,
  findEngine,
  type LevelKind,
  type LevelOffer,
  type Levels,
  openLevels,
  openStaging,
  type Sight,
  type Staging,
} from "../../../src/sandbox/index.js";
import { containerKind } from "../../../src/sandbox/levels/container.js";
import { gvisorKind } from "../../../src/sandbox/levels/gvisor.js";
import { LEVEL_KINDS } from "../../../src/sandbox/levels/kinds.js";
import { microvmKind } from "../../../src/sandbox/levels/microvm.js";
import { usernsKind } from "../../../src/sandbox/levels/userns.js";
import { readIdMap, remappedIds } from "../../../src/sandbox/userns/ids.js";
import { ISOLATION_LEVELS, ManualClock } from "../../../src/vocabulary/index.js";

let root: string;
let staging: Staging;
let clock: ManualClock;
let trials: string[];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "glovebox-levels-"));
  staging = openStaging(join(root, "staging"));
  clock = new ManualClock(1_000_000);
  trials = [];
});
afterEach(async () => {
  await staging.close();
  rmSync(root, { recursive: true, force: true });
});

const offersOf = async (...kinds: LevelKind[]): Promise<readonly LevelOffer[]> => open(...kinds).settled;
const open = (...kinds: LevelKind[]): Levels =>
  openLevels({ kinds, staging, node: "registry", clock, memory: join(root, "memory") });

/** The container, passed off as something else, so that trials are real. */
function kind(level: LevelKind["level"], more: Partial<LevelKind> = {}): LevelKind {
  return {
    ...containerKind,
    level,
    open: async (tools) => {
      const opened = await containerKind.open(tools);
      trials.push(level);
      return opened;
    },
    look: async () => ({ versions: { engine: "1" } }),
    ...more,
  };
}

describe("a level is offered", () => {
  test("after a real program ran under it", async () => {
    const [offer] = await offersOf(containerKind);
    expect(offer).toMatchObject({ level: "container", available: true, startMs: expect.any(Number) });
  });

  test("with what an operator should know of it", async () => {
    const [offer] = await offersOf(kind("microvm", { remark: async () => "emulated: slow" }));
    expect(offer).toMatchObject({ available: true, remark: "emulated: slow" });
  });

  test("weakest first, each as soon as its own trial is over", async () => {
    const levels = open(kind("container"), kind("userns", { look: () => new Promise(() => undefined) }));
    expect(await levels.offer("container")).toMatchObject({ available: true });
    expect(levels.available).toEqual(["container"]);
    expect(levels.open("container").executor.level).toBe("container");
  });
});

describe("a level is not offered", () => {
  const missing = { why: "runsc is missing", get: "npm run setup -- --need gvisor" };

  test("where something of it is missing, and that is said with the way to get it", async () => {
    const levels = open(kind("container"), kind("gvisor", { look: async () => ({ missing }) }));
    expect(await levels.settled).toMatchObject([
      { level: "container", available: true },
      { level: "gvisor", available: false, ...missing },
    ]);
    expect(() => levels.open("gvisor")).toThrow(expect.objectContaining({ code: "isolation_unavailable" }));
    expect(() => levels.open("userns")).toThrow(expect.objectContaining({ code: "isolation_unavailable" }));
  });

  test("where the program was not isolated as the level promises", async () => {
    const objections: [LevelKind, Sight, { kernel: string }][] = [
      [usernsKind, { kernel: "k", uid: 5, uidMap: ["0", "0", "4294967295"] }, { kernel: "k" }],
      [usernsKind, { kernel: "k", uid: 0, uidMap: ["0", "2100000000", "1"] }, { kernel: "k" }],
      [gvisorKind, { kernel: "k", uid: 5, uidMap: [] }, { kernel: "k" }],
      [microvmKind, { kernel: "k", uid: 5, uidMap: [] }, { kernel: "k" }],
      [containerKind, { kernel: "k", uid: 0, uidMap: [] }, { kernel: "k" }],
    ];
    for (const [own, sight, host] of objections)
      expect(own.objection(sight, host)).toEqual(expect.any(String));
    const pretender = kind("gvisor", { objection: gvisorKind.objection });
    expect(await offersOf(pretender)).toMatchObject([
      { level: "gvisor", available: false, why: "the machine's own kernel answered its calls" },
    ]);
  });

  test("where its trial does not end in time; what hangs is ended", async () => {
    const ended: string[] = [];
    const hanging = kind("microvm", {
      trialMs: 50,
      open: async (tools) => {
        const { executor, images } = await containerKind.open(tools);
        const slow: Executor = {
          level: "microvm",
          probe: () => executor.probe(),
          prepare: (spec) => executor.prepare({ ...spec, command: ["sleep", "600"] }),
          start: (run) => executor.start(run),
          wait: async (run, signal) => {
            const exit = await executor.wait(run, signal);
            ended.push(exit.outcome);
            return exit;
          },
          kill: (run) => executor.kill(run),
          collect: (run) => executor.collect(run),
          remove: (run) => executor.remove(run),
          sweep: (keep) => executor.sweep(keep),
        };
        return { executor: slow, images };
      },
    });
    expect(await offersOf(hanging)).toMatchObject([
      { level: "microvm", available: false, why: expect.stringContaining("did not end within") },
    ]);
    expect(ended).toEqual(["killed"]);
  });

  test("where it cannot be opened, without the words of an error that is not ours", async () => {
    const broken = kind("gvisor", { open: () => Promise.reject(new Error("/secret/path")) });
    const [offer] = await offersOf(broken);
    expect(offer).toMatchObject({ available: false });
    expect(JSON.stringify(offer)).not.toContain("secret");
  });
});

describe("a trial's answer", () => {
  const count = async (own: LevelKind) => {
    let programs = 0;
    const [offer] = await offersOf({
      ...own,
      objection: (sight, host) => {
        programs += 1;
        return own.objection(sight, host);
      },
    });
    return { programs, offer };
  };

  test("is remembered until a version changes", async () => {
    const own = kind("userns");
    expect(await count(own)).toMatchObject({ programs: 1, offer: { available: true } });
    expect(await count(own)).toMatchObject({ programs: 0, offer: { available: true } });
    const newer = { ...own, look: async () => ({ versions: { engine: "2" } }) };
    expect(await count(newer)).toMatchObject({ programs: 1 });
  });

  test("if bad, is remembered for ten minutes", async () => {
    const own = kind("userns", { objection: () => "no" });
    expect(await count(own)).toMatchObject({ programs: 1, offer: { available: false } });
    expect(await count(own)).toMatchObject({ programs: 0, offer: { available: false } });
    clock.advance(11 * 60_000);
    expect(await count(own)).toMatchObject({ programs: 1 });
  });

  test("that was spoilt on the disk is asked for again", async () => {
    await offersOf(kind("userns"));
    const file = join(root, "memory", "userns.json");
    expect(readFileSync(file, "utf8")).toContain('"ok":true');
    writeFileSync(file, "{");
    expect(await count(kind("userns"))).toMatchObject({ programs: 1 });
  });
});

describe("this machine", () => {
  test("knows every level once, weakest first, and says of each missing one why and how to get it", async () => {
    expect(LEVEL_KINDS.map(({ level }) => level)).toEqual([...ISOLATION_LEVELS]);
    for (const own of LEVEL_KINDS) {
      const found = await own.look({});
      if ("missing" in found) {
        expect(found.missing.why.length).toBeGreaterThan(5);
        expect(found.missing.get.length).toBeGreaterThan(5);
      } else expect(Object.keys(found.versions).length).toBeGreaterThan(0);
    }
  });

  test("sweeps every level that it has opened, though one fails", async () => {
    const levels = open(
      kind("container", {
        open: async (tools) => {
          const opened = await containerKind.open(tools);
          const { executor } = opened;
          return {
            ...opened,
            executor: { ...bound(executor), sweep: () => Promise.reject(new Error("away")) },
          };
        },
      }),
      kind("userns"),
    );
    await levels.settled;
    await expect(levels.sweep(new Set())).rejects.toThrow("away");
    expect(findEngine()).toBeDefined();
  });
});

const bound = (executor: Executor): Executor => ({
  level: executor.level,
  probe: () => executor.probe(),
  prepare: (spec) => executor.prepare(spec),
  start: (run) => executor.start(run),
  wait: (run, signal) => executor.wait(run, signal),
  kill: (run) => executor.kill(run),
  collect: (run) => executor.collect(run),
  remove: (run) => executor.remove(run),
  sweep: (keep) => executor.sweep(keep),
});

describe("users of userns", () => {
  const files =
    (users: string, groups = users) =>
    (path: string) =>
      path.endsWith("uid") ? users : groups;

  test("lie in the range that the machine gave, above an image's own, and differ", () => {
    const map = readIdMap(files("alice:1:5\nglovebox-userns:2100000000:47000000\n"));
    expect(map).toEqual({ user: 2_100_000_000, group: 2_100_000_000, count: 47_000_000 });
    const ids = Array.from({ length: 50 }, remappedIds(map!));
    expect(new Set(ids.map(({ user }) => user)).size).toBe(50);
    for (const { user, outside } of ids) {
      expect(user).toBeGreaterThanOrEqual(65_536);
      expect(outside).toEqual({ user: 2_100_000_000 + user, group: 2_100_065_534 });
      expect(outside.user).toBeLessThan(2_147_000_000);
    }
  });

  test("are none where there is no range, or one too small for an image", () => {
    expect(readIdMap(files("alice:1:5\n"))).toBeUndefined();
    expect(readIdMap(files("glovebox-userns:100000:65536\n"))).toBeUndefined();
    expect(readIdMap(files("glovebox-userns:x:y\n"))).toBeUndefined();
    expect(
      readIdMap(() => {
        throw new Error("no file");
      }),
    ).toBeUndefined();
  });
});
