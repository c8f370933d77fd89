import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "@jest/globals";
import { auditLedger, openLedger } from "../../src/ledger/index.js";
import { openKeys, openStore, packageRoot } from "../../src/store/index.js";
import { systemClock } from "../../src/vocabulary/index.js";
import { testSeed } from "../harness/seed.js";

/** Runs the child until it has committed some more, then kills it somewhere in a later commit. */
async function commitAndKill(
  dataDir: string,
  keyFile: string,
  lines: number,
  thenMs: number,
): Promise<number> {
  const script = join(packageRoot(), "tests/ledger/crash.child.mjs");
  const child = spawn(process.execPath, [script, dataDir, keyFile], { stdio: ["ignore", "pipe", "inherit"] });
  let acknowledged = 0;
  let seen = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    acknowledged = Number(line);
    seen += 1;
    if (seen === lines) void delay(thenMs).then(() => child.kill("SIGKILL"));
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  return acknowledged;
}

test("kill -9 in the middle of commits: state, events, outbox and ledger agree, nothing acknowledged is lost", async () => {
  const dir = mkdtempSync(join(tmpdir(), "crash-"));
  const [dataDir, keyFile] = [join(dir, "data"), join(dir, "key")];
  const seed = testSeed() % 1000;
  let size = 0;
  for (let round = 0; round < 6; round++) {
    const acknowledged = await commitAndKill(dataDir, keyFile, 3 + round, (seed + round * 7) % 13);
    const store = openStore(dataDir);
    const keys = openKeys(dataDir, { keyFile });
    const ledger = openLedger({ store, keys, clock: systemClock, domain: "crash" });
    const count = (sql: string) => (store.db.prepare(sql).get() as { n: number }).n;
    expect(ledger.size()).toBeGreaterThanOrEqual(acknowledged);
    expect(acknowledged).toBeGreaterThan(size);
    size = ledger.size();
    expect({ seed, partial: size % 20 }).toEqual({ seed, partial: 0 });
    expect(count("SELECT count(*) AS n FROM meta WHERE key LIKE 'thing.%'")).toBe(size);
    expect(count("SELECT count(*) AS n FROM events")).toBe(size);
    expect(count("SELECT count(*) AS n FROM outbox")).toBe(size);
    expect(auditLedger(store, keys)).toMatchObject({ ok: true, size });
    store.close();
  }
  rmSync(dir, { recursive: true, force: true });
});
