/** Content that is sent in parts. `received` and `spooled` are one mark: bytes kept, and their length on the disk. */
export const uploads = {
  version: 2,
  name: "uploads",
  sql: `
CREATE TABLE uploads (
  id TEXT PRIMARY KEY, dataset TEXT NOT NULL REFERENCES datasets(id), principal TEXT NOT NULL REFERENCES principals(id),
  length INTEGER NOT NULL, received INTEGER NOT NULL, spooled INTEGER NOT NULL, metadata_sealed BLOB NOT NULL,
  version TEXT REFERENCES versions(id), asked TEXT, answer_sealed BLOB,
  created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX uploads_dataset ON uploads(dataset, id);
CREATE INDEX uploads_expiry ON uploads(expires_at);
`,
};
