/** Jobs of what the node itself found: held and released like any other, judged again, with papers of their own. */
import { createHash } from "node:crypto";
import { afterEach, describe, expect, test } from "@jest/globals";
import { type Chapter, COLLABORATION_PATH, verifyBundle } from "../../src/airlock/index.js";
import type { JobKind } from "../../src/jobs/index.js";
import type { Finding } from "../../src/privacy/index.js";
import type { VersionId } from "../../src/vocabulary/index.js";
import { engineDouble } from "../catalog/engine-double.js";
import { DAY, datasetIn, give, outcome, outcomeOf } from "../catalog/fixture.js";
import { jobsFixture } from "../jobs/fixture.js";
import { type AirlockFixture, reviewBy, withReviewers } from "./fixture.js";

const TEXT = Buffer.from("sex,units\nF,20\nM,30\n");
const finding = (verdict: Finding["verdict"], message: string): Finding => ({
  rule: "differencing",
  verdict,
  message,
  evidence: { because: "undecided" },
});

/** What a room to the right finds; a test says what else it knows by now. */
class Found {
  mark = 0;
  together: Finding[] = [finding("pass", "It shares no rows with any other.")];
  text: Buffer | undefined = TEXT;

  kind: JobKind = {
    name: "aggregate",
    runner: "control",
    access: () => ["sandbox"],
    parse: async () => {
      throw new Error("nobody submits it");
    },
    outputs: () => ["result.csv"],
    wallSeconds: () => 60,
    finder: {
      outputs: () => [
        {
          name: "result.csv",
          shows: "units by sex, over a, b, c",
          canonical: {
            media_type: "text/csv",
            canonical: this.text,
            bytes: this.text?.length ?? 0,
            sha256: this.text && createHash("sha256").update(this.text).digest("hex"),
            findings: this.text === undefined ? [finding("fail", "It could not be made.")] : [],
            capacity_bytes: 0,
            texts: [],
          },
        },
      ],
      together: async () => this.together,
      mark: () => this.mark,
      apart: () => true,
      knownHead: () => 3,
      papers: () => ({ [COLLABORATION_PATH]: { version: 1, said: ["by all"] } }),
    },
  };
}

type Fixture = Omit<AirlockFixture, "job" | "outputs">;
let f: Fixture;
afterEach(() => f.end());

async function held(found: Found): Promise<string> {
  f = withReviewers(jobsFixture({}, engineDouble(), [found.kind]));
  await datasetIn(f, "published", { name: "study", auditors: ["first", "second"] });
  const { id } = give(f, "study");
  const grant = f.catalog.grants.row(id);
  const version = f.catalog.datasets.row("study").current_version as VersionId;
  const spec = { kind: "aggregate", output: "result.csv" };
  const job = f.ledger.commit((tx) =>
    f.jobs.enter(tx, f.researcher, { kind: "aggregate", purpose: "tests", spec, grant, version }),
  );
  await f.jobs.idle();
  f.clock.advance(DAY);
  return job;
}

function requested(job: string) {
  const asked = f.airlock.create(f.researcher, {
    job,
    outputs: ["result.csv"],
    justification: "for the tests",
  });
  return f.airlock.submit(f.researcher, asked.id);
}

const vote = (who: Fixture["first"], id: string) =>
  f.airlock.review(who, id, reviewBy(f as AirlockFixture, who, id));

const chapter: Chapter = {
  path: COLLABORATION_PATH,
  kinds: ["aggregate"],
  check(_crypto, _bundle, value, report) {
    report.require(
      (value as { version?: unknown }).version === 1,
      COLLABORATION_PATH,
      "is of no known version",
    );
    const sentence = { en: "All said so.", zh: "各方均如此声明。" };
    return { proves: [sentence], not_proven: [] };
  },
};

describe("what the node found", () => {
  test("is held as one verified output, which its requester does not read and an auditor does", async () => {
    const job = await held(new Found());
    expect(f.jobs.record(job)).toMatchObject({ state: "held", kind: "aggregate", isolation: "engine" });
    expect(f.jobs.outputs(f.researcher, job)).toEqual([{ id: expect.any(String), name: "result.csv" }]);
    const [output] = f.jobs.outputs(f.first, job);
    expect(output).toMatchObject({
      evidence: "verified",
      verdict: "pass",
      shows: "units by sex, over a, b, c",
      sha256: createHash("sha256").update(TEXT).digest("hex"),
    });
    expect(outcome(() => f.jobs.outputs(f.unnamed, job))).toBe("not_found");
  });

  test("is submitted by nobody", async () => {
    await held(new Found());
    await expect(f.jobs.submit(f.researcher, { kind: "aggregate" })).rejects.toThrow("nobody submits it");
  });

  test("has an empty output with its finding where it could not be made", async () => {
    const found = new Found();
    found.text = undefined;
    const job = await held(found);
    expect(f.jobs.outputs(f.first, job)[0]).toMatchObject({ bytes: 0, verdict: "fail" });
  });

  test("goes out with papers in its bundle, which verify with their chapter and not without it", async () => {
    const { id } = requested(await held(new Found()));
    await vote(f.first, id);
    await vote(f.second, id);
    const zip = Buffer.concat((await f.airlock.bundle(f.researcher, id).stream.toArray()) as Buffer[]);
    expect(verifyBundle(zip).problems).toContainEqual({
      where: COLLABORATION_PATH,
      what: "does not belong in a bundle",
    });
    const verified = verifyBundle(zip, {}, [chapter]);
    expect(verified.problems).toEqual([]);
    expect(verified.proves).toContain("All said so.");
    expect(verified.zh.proves).toContain("各方均如此声明。");
    expect(verified.zh.not_proven.length).toBe(verified.not_proven.length);
    const changed = Buffer.from(zip);
    changed[zip.indexOf("by all")]! ^= 1;
    expect(verifyBundle(changed, {}, [chapter]).ok).toBe(false);
    // A chapter of other kinds finds its file where it does not belong.
    const others: Chapter = { ...chapter, kinds: ["train"] };
    expect(verifyBundle(zip, {}, [others]).problems[0]?.what).toBe("does not belong in a bundle");
  });

  test("is judged again when something else went out, and reviewers read what is new before they vote", async () => {
    const found = new Found();
    const { id } = requested(await held(found));
    found.mark = 1;
    found.together = [finding("review", "It can be subtracted from another.")];
    expect(await outcomeOf(vote(f.first, id))).toBe("stale");
    const seen = f.airlock.get(f.first, id).files[0]?.findings?.map((one) => one.message);
    expect(seen).toContain("It can be subtracted from another.");
    expect(seen).not.toContain("It shares no rows with any other.");
    await vote(f.first, id);
    expect(f.airlock.get(f.researcher, id).state).toBe("partially_reviewed");
  });

  test("goes back to its requester where that happens between two votes, and they are void", async () => {
    const found = new Found();
    const { id } = requested(await held(found));
    await vote(f.first, id);
    found.mark = 1;
    found.together = [finding("review", "It can be subtracted from another.")];
    await f.airlock.tick();
    expect(f.airlock.get(f.researcher, id)).toMatchObject({ state: "returned", reviews_in: 0 });
  });
});
