/**
 * The memory of what was released: a row for each released table that the node computed, with what it tells (sealed) and
 * which units its cells stand on (a vault object); and what was found of an output when it was judged again later.
 */
export const facts = {
  version: 7,
  name: "facts",
  sql: `
-- which units the cells of a held table stand on
ALTER TABLE outputs ADD COLUMN units_object TEXT;
CREATE TABLE facts (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, dataset TEXT NOT NULL REFERENCES datasets(id),
  version TEXT NOT NULL REFERENCES versions(id), release TEXT NOT NULL REFERENCES releases(id),
  output TEXT NOT NULL UNIQUE REFERENCES outputs(id),
  -- name, job, claim, table
  facts_sealed BLOB NOT NULL, units_object TEXT, at INTEGER NOT NULL
) STRICT;
CREATE INDEX facts_dataset ON facts(dataset, seq);
CREATE INDEX facts_without_units ON facts(seq) WHERE units_object IS NULL;
-- an open release judged again, because others went out since; marks: the last fact of each dataset that was seen
CREATE TABLE release_judgements (
  release TEXT PRIMARY KEY REFERENCES releases(id), marks TEXT NOT NULL, at INTEGER NOT NULL
) STRICT;
CREATE TABLE later_findings (
  release TEXT NOT NULL REFERENCES releases(id), output TEXT NOT NULL REFERENCES outputs(id),
  findings_sealed BLOB NOT NULL, commitment TEXT NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY (release, output)
) STRICT;
`,
};
