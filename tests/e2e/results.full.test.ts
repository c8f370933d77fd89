/**
 * A domain that dies at any moment between what its round found and the release of it says the same again, and the result
 * becomes one job.
 */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import Database from "better-sqlite3";
import { verifyRelease } from "../../src/federated/verifier.js";
import {
  askOver,
  bundleOf,
  collaborate,
  type Domain,
  domainAt,
  FLCHAIN_ROWS,
  fieldOf,
  partsAt,
  resultOf,
  roundOver,
  startDomain,
  until,
} from "../harness/index.js";

const BUREAU = 0;
const INSURER = 2;

/** When who is killed: the recipient, or one that learns nothing. */
const MOMENTS: [name: string, who: typeof BUREAU | typeof INSURER, sql: string][] = [
  ["it has found the result", BUREAU, "SELECT 1 FROM round_results WHERE round = @round"],
  [
    "another has shown its ledger",
    BUREAU,
    "SELECT 1 FROM board_messages WHERE round = @round AND kind = 'attest' AND author <> @me",
  ],
  [
    "it has shown its ledger",
    INSURER,
    "SELECT 1 FROM board_messages WHERE round = @round AND kind = 'attest' AND author = @me",
  ],
  [
    "it has cosigned the others' heads",
    INSURER,
    "SELECT 1 FROM board_messages WHERE round = @round AND kind = 'cosign' AND author = @me",
  ],
  [
    "another has cosigned",
    BUREAU,
    "SELECT 1 FROM board_messages WHERE round = @round AND kind = 'cosign' AND author <> @me",
  ],
  ["the result has become a job", BUREAU, "SELECT 1 FROM round_jobs WHERE round = @round"],
  ["the job runs", BUREAU, "SELECT 1 FROM round_jobs r JOIN runs ON runs.job = r.job WHERE r.round = @round"],
  [
    "the job is checked",
    BUREAU,
    "SELECT 1 FROM round_jobs r JOIN jobs j ON j.id = r.job WHERE r.round = @round AND j.state IN ('checking', 'held')",
  ],
];

describe("three domains and a coordinator", () => {
  let coordinator: Domain;
  let domains: Domain[];
  let id: string;

  beforeAll(async () => {
    const parts = partsAt([0, 4_000, 6_500, FLCHAIN_ROWS.length]);
    coordinator = await startDomain("coordinator");
    domains = await Promise.all(
      ["bureau", "hospital", "insurer"].map((name, i) => startDomain(name, parts[i])),
    );
    ({ id } = await collaborate(coordinator, domains));
  }, 120_000);
  afterAll(async () => {
    await Promise.all([coordinator, ...(domains ?? [])].map((d) => d?.node.destroy()));
  });

  test.each(MOMENTS)("killed when %s", async (_name, who, sql) => {
    const before = domains[who]!;
    const round = await askOver(domains[BUREAU]!, id, { kind: "table", rows: ["sex"] });
    const look = new Database(`${before.node.dataDir}/glovebox.db`, { readonly: true });
    const when = look.prepare(sql);
    const bound = sql.includes("@me") ? { round, me: before.key } : { round };
    await until(() => when.get(bound) !== undefined, "the moment", 60_000);
    look.close();
    await before.node.kill9();
    domains[who] = domainAt(before, await before.node.restart());
    const told = await resultOf(domains[BUREAU] as Domain, id, round);
    const count = (sex: string) => FLCHAIN_ROWS.filter((row) => fieldOf(row, "sex") === sex).length;
    expect(told.result).toBe(`sex,units\nF,${count("F")}\nM,${count("M")}\n`);
    expect(verifyRelease(await bundleOf(domains[BUREAU] as Domain, told.job)).problems).toEqual([]);
    const after = new Database(`${before.node.dataDir}/glovebox.db`, { readonly: true });
    const said = after
      .prepare("SELECT kind, count(*) AS n FROM board_messages WHERE round = ? AND author = ? GROUP BY kind")
      .all(round, before.key) as { kind: string; n: number }[];
    for (const { kind, n } of said) expect([kind, n]).toEqual([kind, 1]);
    expect(after.prepare("SELECT count(*) FROM round_jobs WHERE round = ?").pluck().get(round)).toBe(
      who === BUREAU ? 1 : 0,
    );
    after.close();
  });

  test("each result became one job, and nothing else did", async () => {
    const { items } = await domains[BUREAU]!.operator.must("GET", "/api/v1/jobs");
    expect(items).toHaveLength(MOMENTS.length);
    for (let round = 1; round <= MOMENTS.length; round++)
      expect((await roundOver(domains[BUREAU]!.operator, id, round)).state).toBe("done");
  });
});
