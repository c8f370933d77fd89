/**
 * One node through all its deaths: nothing is lost, nothing happens twice. Where to kill is seen in its database, in
 * the millisecond in which it is so; afterwards each job has one set of outputs, the very set that an undisturbed job
 * has, from one run and for one charge, and the ledger continues every head that was given out before.
 */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { controlIsKilled } from "./kill-control.js";
import { workerIsKilled } from "./kill-worker.js";
import { redisIsLost } from "./lose-redis.js";
import { releaseIsKilled } from "./release.js";
import { clientsRetry } from "./retry.js";
import { uploadIsKilled } from "./upload.js";
import { Victim } from "./victim.js";

/** At which moments it dies: those that lie far apart, or all. */
export type Moments = "few" | "all";

export function deaths(moments: Moments): void {
  describe("nothing is lost and nothing happens twice", () => {
    let victim: Victim;
    beforeAll(async () => {
      victim = await Victim.start();
      await victim.measure();
    });
    afterAll(() => victim?.end());

    controlIsKilled(() => victim, moments);
    workerIsKilled(() => victim, moments);
    redisIsLost(() => victim);
    clientsRetry(() => victim);
    releaseIsKilled(() => victim);
    uploadIsKilled(() => victim);

    test("after all this nothing of any run is left on the machine, and the log is whole", async () => {
      await victim.nothingLeft();
      await victim.whole();
      expect(victim.witness.unnamed()).toEqual([]);
    });
  });
}
