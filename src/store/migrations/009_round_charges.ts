/** What this domain paid for its part in rounds with noise, an attempt each. */
export const roundCharges = {
  version: 9,
  name: "round_charges",
  sql: `
-- units: its rho in units of 2^-96, rounded up
CREATE TABLE round_charges (
  collaboration TEXT NOT NULL REFERENCES collaborations(id), round INTEGER NOT NULL, attempt INTEGER NOT NULL,
  charge TEXT NOT NULL UNIQUE REFERENCES charges(id), units TEXT NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY (collaboration, round, attempt)
) STRICT, WITHOUT ROWID;
`,
} as const;
