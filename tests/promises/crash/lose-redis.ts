/** Redis carries wake-ups and nothing else: it may die, or come back empty, at any stage of a job. */
import { rmSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import type { Victim } from "./victim.js";

/** Sends one command and resolves when it was answered. */
function command(socketPath: string, words: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath, () => socket.write(`${words}\r\n`));
    socket.once("data", (reply) => {
      socket.destroy();
      resolve(reply.toString().trim());
    });
    socket.once("error", reject);
  });
}

const folder = (v: Victim) => join(v.node.dataDir, "redis");

function kill(v: Victim): Promise<void> {
  const pid = v.redis();
  process.kill(pid, "SIGKILL");
  return v.anotherRedis(pid);
}

function killAndWipe(v: Victim): Promise<void> {
  const back = kill(v);
  rmSync(join(folder(v), "appendonlydir"), { recursive: true, force: true });
  return back;
}

async function flush(v: Victim): Promise<void> {
  expect(await command(join(folder(v), "redis.sock"), "FLUSHALL")).toBe("+OK");
}

export function redisIsLost(victim: () => Victim): void {
  describe("Redis", () => {
    const losses = [
      { loss: "is killed", lose: kill },
      { loss: "is killed and its files are deleted", lose: killAndWipe },
      { loss: "is emptied", lose: flush },
    ];
    const moments = "while a job waits, while one runs, while one is checked";
    test.each(losses)(`$loss ${moments}: no job notices`, async ({ lose }) => {
      const v = victim();
      const first = await v.submit(1);
      const waiting = await v.submit(0);
      await v.witness.reach("the first executes", () => v.witness.newestRun(first).state === "executing");
      await lose(v);
      await v.witness.reach("the first is checked", () => v.witness.jobState(first) === "checking");
      await lose(v);
      for (const job of [first, waiting]) {
        await v.heldOnce(job);
        expect(v.witness.runs(job)).toHaveLength(1);
      }
    });
  });
}
