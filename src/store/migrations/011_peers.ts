/** Other domains' keys, replacements of this one's own, and why a collaboration goes on no more. */
export const peers = {
  version: 11,
  name: "peers",
  sql: `
-- pinned when a collaboration is proposed or joined; a name has one key at a time
CREATE TABLE peers (
  key TEXT PRIMARY KEY, name TEXT NOT NULL, state TEXT NOT NULL, successor TEXT, reason TEXT,
  pinned_at INTEGER NOT NULL, ended_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX peers_pinned ON peers(name) WHERE state = 'pinned';
-- of this domain's identity: which replacements its ledger and its boards have been told
CREATE TABLE rotations (
  old TEXT PRIMARY KEY, new TEXT NOT NULL, at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
-- why it is suspended or over: JSON
ALTER TABLE collaborations ADD COLUMN stopped TEXT;
`,
} as const;
