/** Charges of privacy budgets: what noisy answers cost, the sums of it, the answers, and what shares a budget. */
export const charges = {
  version: 4,
  name: "charges",
  sql: `
-- one request of one principal on the same versions; curve: JSON of whole numbers, units of 2^-96, one an order;
-- delta: a whole number, units of 10^-320
CREATE TABLE charges (
  id TEXT PRIMARY KEY, principal TEXT NOT NULL REFERENCES principals(id), kind TEXT NOT NULL,
  request_sha256 TEXT NOT NULL, state TEXT NOT NULL, curve TEXT NOT NULL, delta TEXT NOT NULL,
  ledger_seq INTEGER NOT NULL, answered_seq INTEGER, at INTEGER NOT NULL, answered_at INTEGER,
  UNIQUE (principal, request_sha256)
) STRICT;
CREATE TABLE charge_datasets (
  charge TEXT NOT NULL REFERENCES charges(id), dataset TEXT NOT NULL REFERENCES datasets(id),
  version TEXT NOT NULL REFERENCES versions(id), grant_id TEXT NOT NULL REFERENCES grants(id),
  PRIMARY KEY (charge, dataset)
) STRICT, WITHOUT ROWID;
CREATE INDEX charge_datasets_dataset ON charge_datasets(dataset, charge);
CREATE TABLE charge_answers (charge TEXT PRIMARY KEY REFERENCES charges(id), answer_sealed BLOB NOT NULL) STRICT;
-- running sums by dataset or grant and period, raised in the transaction of each charge
CREATE TABLE spendings (
  scope TEXT NOT NULL, period INTEGER NOT NULL, curve TEXT NOT NULL, delta TEXT NOT NULL, charges INTEGER NOT NULL,
  PRIMARY KEY (scope, period)
) STRICT, WITHOUT ROWID;
-- how often a dataset's budget is there anew, by its owner's decision; no row: never
CREATE TABLE budget_refreshes (
  dataset TEXT PRIMARY KEY REFERENCES datasets(id), every_ms INTEGER NOT NULL,
  -- the first period under this decision, and when it began
  first_period INTEGER NOT NULL, since INTEGER NOT NULL
) STRICT;
-- datasets found to hold the same rows: what one of them is charged, all are
CREATE TABLE budget_pools (dataset TEXT PRIMARY KEY REFERENCES datasets(id), pool TEXT NOT NULL, at INTEGER NOT NULL) STRICT;
CREATE INDEX budget_pools_pool ON budget_pools(pool);
-- samples of a version's units and rows under keyed hashes, to tell the same rows under another name
CREATE TABLE version_sketches (version TEXT PRIMARY KEY REFERENCES versions(id), object TEXT NOT NULL) STRICT;
`,
} as const;
