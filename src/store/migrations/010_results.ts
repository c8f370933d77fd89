/** What becomes of results over domains: jobs, what was released together, and the heads that peers have shown. */
export const results = {
  version: 10,
  name: "results",
  sql: `
-- what this domain's ledger says of its part in an attempt
CREATE TABLE round_entries (
  collaboration TEXT NOT NULL REFERENCES collaborations(id), round INTEGER NOT NULL, attempt INTEGER NOT NULL,
  seq INTEGER NOT NULL, PRIMARY KEY (collaboration, round, attempt, seq)
) STRICT, WITHOUT ROWID;
-- the last head of a peer's ledger that this domain has checked
CREATE TABLE peer_heads (
  collaboration TEXT NOT NULL REFERENCES collaborations(id), author TEXT NOT NULL, note TEXT NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY (collaboration, author)
) STRICT, WITHOUT ROWID;
-- of a recipient: the job that a result became (null: consent had ended), and what goes into its bundle
CREATE TABLE round_jobs (
  collaboration TEXT NOT NULL REFERENCES collaborations(id), round INTEGER NOT NULL, job TEXT UNIQUE REFERENCES jobs(id),
  version TEXT NOT NULL, paper TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (collaboration, round)
) STRICT, WITHOUT ROWID;
-- what was released of a collaboration's results, for judging further ones with it
CREATE TABLE collaboration_facts (
  seq INTEGER PRIMARY KEY, collaboration TEXT NOT NULL REFERENCES collaborations(id), job TEXT NOT NULL UNIQUE REFERENCES jobs(id),
  facts_sealed BLOB NOT NULL, at INTEGER NOT NULL
) STRICT;
CREATE INDEX collaboration_facts_of ON collaboration_facts(collaboration, seq);
`,
} as const;
