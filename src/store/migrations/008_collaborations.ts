/** Collaborations with other domains: specs, the boards' messages and blobs, secrets of attempts, results. */
export const collaborations = {
  version: 8,
  name: "collaborations",
  sql: `
-- what this domain takes part in, or coordinates; url: where the board is, null where it is here
CREATE TABLE collaborations (
  id TEXT PRIMARY KEY, spec TEXT NOT NULL, spec_sha256 TEXT NOT NULL, url TEXT, state TEXT NOT NULL,
  operator TEXT NOT NULL REFERENCES principals(id), dataset TEXT REFERENCES datasets(id), grant_id TEXT REFERENCES grants(id),
  created_at INTEGER NOT NULL, rev INTEGER NOT NULL
) STRICT;
-- seq: its place on the board; null: not posted yet
CREATE TABLE board_messages (
  collaboration TEXT NOT NULL REFERENCES collaborations(id), author TEXT NOT NULL, number INTEGER NOT NULL, seq INTEGER,
  hash TEXT NOT NULL, kind TEXT NOT NULL, round INTEGER NOT NULL, attempt INTEGER NOT NULL, signed TEXT NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY (collaboration, author, number)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX board_messages_seq ON board_messages(collaboration, seq) WHERE seq IS NOT NULL;
CREATE INDEX board_messages_round ON board_messages(collaboration, round, attempt);
CREATE TABLE board_blobs (
  collaboration TEXT NOT NULL REFERENCES collaborations(id), sha256 TEXT NOT NULL, object TEXT NOT NULL, bytes INTEGER NOT NULL,
  PRIMARY KEY (collaboration, sha256)
) STRICT, WITHOUT ROWID;
-- what a domain drew for one attempt: kept before anything of it is said, never drawn again
CREATE TABLE attempt_secrets (
  collaboration TEXT NOT NULL REFERENCES collaborations(id), round INTEGER NOT NULL, attempt INTEGER NOT NULL,
  secret_sealed BLOB NOT NULL, PRIMARY KEY (collaboration, round, attempt)
) STRICT, WITHOUT ROWID;
CREATE TABLE round_results (
  collaboration TEXT NOT NULL REFERENCES collaborations(id), round INTEGER NOT NULL, attempt INTEGER NOT NULL,
  facts_sealed BLOB NOT NULL, verdict TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (collaboration, round)
) STRICT, WITHOUT ROWID;
`,
} as const;
