/** A client that lost the answer asks again with the same Idempotency-Key, over a kill of control. */
import { describe, expect, test } from "@jest/globals";
import type { Json } from "../../harness/index.js";
import type { Victim } from "./victim.js";

const jobs = (v: Victim) => v.witness.count("jobs");

export function clientsRetry(victim: () => Victim): void {
  describe("a client that submits again with the same key", () => {
    const submit = (v: Victim, key: string, job: Json) =>
      v.people.researcher.http("POST", "/api/v1/jobs", { body: job, headers: { "idempotency-key": key } });

    test("after control died with the answer: there is one job, and it is run once", async () => {
      const v = victim();
      const before = jobs(v);
      const body = v.job(0);
      const lost = submit(v, "died-with-the-answer", body).catch(() => undefined);
      await v.witness.reach("the job is there", () => jobs(v) > before);
      await v.killAndRestart();
      await lost;
      const answers = await Promise.all([1, 2, 3].map(() => submit(v, "died-with-the-answer", body)));
      expect(answers.map(({ status }) => status)).toEqual([202, 202, 202]);
      expect(new Set(answers.map(({ json }) => json.id)).size).toBe(1);
      // The key remembers what it was for.
      const other = await submit(v, "died-with-the-answer", { ...body, purpose: "something else" });
      expect([other.status, other.json.code]).toEqual([409, "idempotency_conflict"]);
      expect(jobs(v)).toBe(before + 1);
      await v.heldOnce(answers[0]?.json.id);
    });

    test("after control was away: the first call that reaches it counts", async () => {
      const v = victim();
      const before = jobs(v);
      const body = v.job(0);
      await v.killControl();
      await expect(submit(v, "was-away", body)).rejects.toThrow();
      await v.restart();
      const [first, second] = [await submit(v, "was-away", body), await submit(v, "was-away", body)];
      expect([first.status, second.status]).toEqual([202, 202]);
      expect(second.json.id).toBe(first.json.id);
      expect(jobs(v)).toBe(before + 1);
      await v.heldOnce(first.json.id);
    });
  });
}
