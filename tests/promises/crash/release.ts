/** Control is killed at every stage of a release: it is released once, and its bundle verifies. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "@jest/globals";
import { verifyBundle } from "../../../src/airlock/index.js";
import { openKeys } from "../../../src/store/index.js";
import {
  type Answer,
  awaitJob,
  type Json,
  type Person,
  requestRelease,
  signedReview,
} from "../../harness/index.js";
import { OUTPUTS, type Victim } from "./victim.js";

const drafts = (v: Victim) => readdirSync(join(v.node.dataDir, "vault", "tmp")).length;

export function releaseIsKilled(victim: () => Victim): void {
  describe("control is killed", () => {
    let job: string;
    beforeAll(async () => {
      const v = victim();
      job = await v.submit(0);
      await v.heldOnce(job);
      await awaitJob(v.people.researcher, job);
    });

    /** A call whose answer is lost to a kill as soon as `so`, and the answer to the same call made again. */
    async function twice(
      v: Victim,
      who: Person,
      path: string,
      body: Json,
      so: () => boolean,
    ): Promise<Answer> {
      const key = { "idempotency-key": `retry${path.replaceAll("/", "-")}-${who.name}` };
      const lost = who.http("POST", path, { body, headers: key }).catch(() => undefined);
      await v.witness.reach(path, so);
      await v.killAndRestart();
      await lost;
      return who.http("POST", path, { body, headers: key });
    }

    const send = async (reviewer: Person, release: string): Promise<void> => {
      const body = await signedReview(reviewer, release);
      await reviewer.must("POST", `/api/v1/releases/${release}/reviews`, body);
    };
    const reviewed = (v: Victim, release: string) => v.witness.count("reviews WHERE release = ?", release);

    async function releasedOnce(v: Victim, release: string): Promise<void> {
      await v.witness.reach("it is released", () => v.witness.releaseState(release) === "released");
      const entries = v.witness.entries(release);
      expect(entries).toMatchObject({
        "release.requested": 1,
        "release.submitted": 1,
        "release.reviewed": 2,
      });
      expect(entries).toMatchObject({ "release.approved": 1, "release.released": 1 });
      expect(reviewed(v, release)).toBe(2);
      const { researcher } = v.people;
      const path = `/api/v1/releases/${release}/bundle`;
      const [first, second] = [await researcher.http("GET", path), await researcher.http("GET", path)];
      expect([first.status, second.status]).toEqual([200, 200]);
      expect(second.bytes.equals(first.bytes)).toBe(true);
      const { log } = openKeys(v.node.dataDir);
      const { ok, problems } = verifyBundle(first.bytes, { key: log.publicKey });
      expect({ ok, problems }).toEqual({ ok: true, problems: [] });
    }

    test("right after the request for it: the same request again gives the same release", async () => {
      const v = victim();
      const { researcher } = v.people;
      const { items } = await researcher.must("GET", `/api/v1/jobs/${job}/outputs`);
      const outputs = items.filter(({ name }: Json) => OUTPUTS.includes(name)).map(({ id }: Json) => id);
      const before = v.witness.count("releases");
      const body = { job, outputs, justification: "for the tests" };
      const there = () => v.witness.count("releases") > before;
      const again = await twice(v, researcher, "/api/v1/releases", body, there);
      expect([again.status, again.json.state]).toEqual([201, "pending"]);
      expect(v.witness.count("releases")).toBe(before + 1);
    });

    test("right after the first review: the same review again counts once", async () => {
      const v = victim();
      const [first, second] = v.people.auditors;
      const release = await requestRelease(v.people.researcher, job, OUTPUTS);
      const body = await signedReview(first, release);
      const path = `/api/v1/releases/${release}/reviews`;
      const again = await twice(v, first, path, body, () => reviewed(v, release) === 1);
      expect([again.status, again.json.state]).toEqual([201, "partially_reviewed"]);
      const withoutKey = await first.http("POST", path, { body });
      expect([withoutKey.status, withoutKey.json.code]).not.toContain(201);
      expect(reviewed(v, release)).toBe(1);
      await send(second, release);
      await releasedOnce(v, release);
    });

    const isReleased = (v: Victim, id: string) => v.witness.releaseState(id) === "released";
    const isApproved = (v: Victim, id: string) => v.witness.releaseState(id) === "approved";
    // What passes while nobody looks is past: the kill then comes after it, and must change as little.
    const points: { at: string; reached(v: Victim, release: string): boolean }[] = [
      { at: "between approved and released", reached: (v, id) => isApproved(v, id) || isReleased(v, id) },
      {
        at: "while it builds the bundle",
        reached: (v, id) => (isApproved(v, id) && drafts(v) > 0) || isReleased(v, id),
      },
      { at: "right after it is released", reached: isReleased },
    ];
    test.each(points)("$at: one release, whose bundle verifies", async ({ at, reached }) => {
      const v = victim();
      const [first, second] = v.people.auditors;
      const release = await requestRelease(v.people.researcher, job, OUTPUTS);
      await send(first, release);
      const body = await signedReview(second, release);
      const path = `/api/v1/releases/${release}/reviews`;
      const again = await twice(v, second, path, body, () => reached(v, release));
      expect([at, again.status]).toEqual([at, 201]);
      await releasedOnce(v, release);
      await v.whole();
    });
  });
}
