/** The pool's own rules, with containers that are none. Times are real and short; every wait is for an event. */
import { EventEmitter, once } from "node:events";
import { afterEach, describe, expect, test } from "@jest/globals";
import { verdictOn } from "../../src/sandbox/docker/sweep.js";
import { classKey, packageOf, type ReadyClass } from "../../src/sandbox/ready/class.js";
import { encodeOrder } from "../../src/sandbox/ready/order.js";
import { hasRoom, ReadyPool } from "../../src/sandbox/ready/pool.js";

const LIMITS = { cpus: 1, memory_mb: 1, pids: 8, disk_mb: 1 };
const image = (reference: string) => ({ name: "python", reference, layers: [reference], recipe: "r" });
const classed = (reference: string): ReadyClass => ({ image: image(reference), limits: LIMITS });

class Fake {
  readonly heldBytes = 10;
  destroyed = false;
  die: () => void = () => undefined;
  readonly ended = new Promise<void>((resolve) => {
    this.die = resolve;
  });
  constructor(
    readonly key: string,
    private readonly events: EventEmitter,
  ) {}
  async destroy() {
    this.destroyed = true;
    this.events.emit("destroyed");
  }
}

describe("a pool", () => {
  const events = new EventEmitter();
  let pool: ReadyPool<Fake>;
  let made: Fake[] = [];
  const start = (options: {
    count: number;
    classes: () => ReadyClass[];
    fails?: () => boolean;
    onChange?: () => void;
  }) => {
    made = [];
    pool = new ReadyPool({
      count: options.count,
      classes: async () => options.classes(),
      make: async (ready) => {
        if (options.fails?.()) throw new Error("no engine");
        const fake = new Fake(classKey(ready), events);
        made.push(fake);
        queueMicrotask(() => events.emit("made"));
        return fake;
      },
      onTrouble: () => events.emit("trouble"),
      onChange: options.onChange,
    });
    return pool;
  };
  afterEach(() => pool.close());

  test("holds as many as it is told and no more, and makes another for each taken", async () => {
    start({ count: 2, classes: () => [classed("a")] });
    pool.soon(0);
    while (made.length < 2) await once(events, "made");
    const first = pool.take(classed("a"));
    expect(first).toBe(made[0]);
    expect([pool.size, pool.memoryBytes]).toEqual([1, 10]);
    pool.soon(0);
    while (made.length < 3) await once(events, "made");
    expect(pool.take(classed("a"))).toBe(made[1]);
    expect(pool.take(classed("b"))).toBeUndefined();
  });

  test("makes the next as soon as a run's program runs, and tells of each change", async () => {
    const changes: number[] = [];
    start({ count: 1, classes: () => [classed("a")], onChange: () => changes.push(pool.size) });
    pool.soon(0);
    await once(events, "made");
    const next = once(events, "made");
    expect(pool.take(classed("a"))).toBe(made[0]);
    pool.started();
    // The run is still under way: nobody has said that it is over.
    await next;
    while (pool.size === 0) await new Promise(setImmediate);
    expect(changes).toEqual([1, 0, 1]);
  });

  test("none by itself, where none shall wait", async () => {
    start({ count: 0, classes: () => [classed("a")] });
    pool.soon(0);
    await pool.fill(classed("a"));
    await pool.fill(classed("a"));
    expect([made.length, pool.size]).toEqual([1, 1]);
  });

  test("an image that was built anew replaces the older one's containers", async () => {
    let now = "old";
    start({ count: 1, classes: () => [classed(now)] });
    pool.soon(0);
    await once(events, "made");
    now = "new";
    const destroyed = once(events, "destroyed");
    pool.soon(0);
    await destroyed;
    while (made.length < 2) await once(events, "made");
    expect([made[0]?.destroyed, made[1]?.key]).toEqual([true, classKey(classed("new"))]);
  });

  test("one that dies is taken out, and its remains removed", async () => {
    start({ count: 1, classes: () => [classed("a")] });
    await pool.fill(classed("a"));
    const destroyed = once(events, "destroyed");
    made[0]!.die();
    await destroyed;
    expect(pool.take(classed("a"))).toBeUndefined();
  });

  test("a failure is told and costs nothing but the container", async () => {
    start({ count: 1, classes: () => [classed("a")], fails: () => true });
    const trouble = once(events, "trouble");
    pool.soon(0);
    await trouble;
    expect(pool.take(classed("a"))).toBeUndefined();
  });

  test("closed, it destroys what waits and what is made at that moment", async () => {
    start({ count: 1, classes: () => [classed("a")] });
    await pool.fill(classed("a"));
    const late = pool.fill(classed("b"));
    await pool.close();
    await late;
    expect(made.map(({ destroyed }) => destroyed)).toEqual([true, true]);
    expect(pool.size).toBe(0);
  });
});

describe("what is decided without a container", () => {
  test("runs come first: none waits where memory is short", () => {
    const one = { image: image("a"), limits: { ...LIMITS, memory_mb: 1024 } };
    const gib = 1024 ** 3;
    expect(hasRoom(one, 4 * gib, 8 * gib)).toBe(true);
    expect(hasRoom(one, 2 * gib, 8 * gib)).toBe(false);
  });

  test("classes differ by image and by every limit but the wall clock", () => {
    const key = classKey(classed("a"));
    for (const change of ["cpus", "memory_mb", "pids", "disk_mb"] as const)
      expect(classKey({ image: image("a"), limits: { ...LIMITS, [change]: 77 } })).not.toBe(key);
    expect(classKey(classed("b"))).not.toBe(key);
    expect(classKey({ image: image("a"), limits: { ...LIMITS, wall_s: 5 } as ReadyClass["limits"] })).toBe(
      key,
    );
    expect([packageOf({ ...LIMITS, memory_mb: 64 }), packageOf({ ...LIMITS, memory_mb: 1024 })]).toEqual([
      undefined,
      "pandas",
    ]);
  });

  test("a sweep tells by the name whose run a container has, and by its owner's life whether it may wait", () => {
    const ready = { "glovebox.ready": "1-2" };
    const verdict = (name: string, labels: Record<string, string>, alive: boolean, keep: string[] = []) =>
      verdictOn({ Names: [name], Labels: labels }, new Set(keep), () => alive);
    expect(verdict("/any", { "glovebox.run": "r" }, false)).toEqual({ runId: "r", goes: true });
    expect(verdict("/any", { "glovebox.run": "r" }, false, ["r"])).toEqual({ runId: "r", goes: false });
    expect(verdict("/glovebox.ready.x", ready, true)).toEqual({ runId: undefined, goes: false });
    expect(verdict("/glovebox.ready.x", ready, false)).toEqual({ runId: undefined, goes: true });
    expect(verdict("/glovebox.run.r", ready, true)).toEqual({ runId: "r", goes: true });
    expect(verdict("/glovebox.run.r", ready, false, ["r"])).toEqual({ runId: "r", goes: false });
  });

  test("an order is one line, whatever is in it, or there is none", () => {
    const line = encodeOrder({ command: ["python3", "a\n\ud800"], env: { GLOVEBOX_X: '"\n' } });
    expect(line?.includes("\n")).toBe(false);
    expect(JSON.parse(String(line))).toEqual({
      command: ["python3", "a\n\ufffd"],
      env: { GLOVEBOX_X: '"\n' },
    });
    expect(encodeOrder({ command: [], env: {} })).toBeUndefined();
    expect(encodeOrder({ command: ["a\0b"], env: {} })).toBeUndefined();
    expect(encodeOrder({ command: ["a".repeat(5000)], env: {} })).toBeUndefined();
  });
});
