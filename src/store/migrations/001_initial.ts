/**
 * The first schema. Times are milliseconds since 1970 (INTEGER); lists and objects are JSON text;
 * a column named `*_sealed` is encrypted by the store's sealer; `*_object` names a vault object.
 */
export const initial = {
  version: 1,
  name: "initial",
  sql: `
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;

-- catalog/principals
CREATE TABLE principals (
  id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, roles TEXT NOT NULL,
  created_at INTEGER NOT NULL, created_by TEXT, revoked_at INTEGER, rev INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE TABLE tokens (
  sha256 TEXT PRIMARY KEY, principal TEXT NOT NULL REFERENCES principals(id),
  created_at INTEGER NOT NULL, revoked_at INTEGER
) STRICT;
CREATE INDEX tokens_principal ON tokens(principal);
CREATE TABLE reviewer_keys (
  principal TEXT NOT NULL REFERENCES principals(id), public_key TEXT NOT NULL UNIQUE, added_at INTEGER NOT NULL,
  PRIMARY KEY (principal, public_key)
) STRICT;
CREATE TABLE idempotency (
  principal TEXT NOT NULL, route TEXT NOT NULL, key TEXT NOT NULL, body_sha256 TEXT NOT NULL,
  subject TEXT, status INTEGER, response_sealed BLOB, created_at INTEGER NOT NULL,
  PRIMARY KEY (principal, route, key)
) STRICT;

-- catalog/datasets
CREATE TABLE datasets (
  id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, title TEXT, owner TEXT NOT NULL REFERENCES principals(id),
  state TEXT NOT NULL, unit_column TEXT, row_is_unit INTEGER NOT NULL DEFAULT 0,
  max_rows_per_unit INTEGER NOT NULL DEFAULT 1, synthetic_rows INTEGER NOT NULL DEFAULT 1000,
  open_type TEXT NOT NULL, area TEXT, update_cycle TEXT, grade INTEGER NOT NULL,
  declared_columns TEXT NOT NULL, assessment TEXT,
  budget_rho TEXT, budget_delta TEXT, budget_signal_bits INTEGER,
  unit_index_object TEXT, current_version TEXT,
  created_at INTEGER NOT NULL, rev INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE TABLE dataset_auditors (
  dataset TEXT NOT NULL REFERENCES datasets(id), principal TEXT NOT NULL REFERENCES principals(id),
  named_by TEXT NOT NULL, named_at INTEGER NOT NULL,
  PRIMARY KEY (dataset, principal)
) STRICT;
CREATE TABLE versions (
  id TEXT PRIMARY KEY, dataset TEXT NOT NULL REFERENCES datasets(id), seq INTEGER NOT NULL,
  object TEXT NOT NULL, sha256 TEXT NOT NULL, source_sha256 TEXT NOT NULL,
  bytes INTEGER NOT NULL, rows INTEGER NOT NULL, units INTEGER NOT NULL,
  columns TEXT NOT NULL, created_at INTEGER NOT NULL,
  UNIQUE (dataset, seq)
) STRICT;

-- catalog/grants
CREATE TABLE grants (
  id TEXT PRIMARY KEY, principal TEXT NOT NULL REFERENCES principals(id), dataset TEXT NOT NULL REFERENCES datasets(id),
  purpose TEXT NOT NULL, access TEXT NOT NULL, state TEXT NOT NULL,
  rho TEXT, delta TEXT, signal_bits INTEGER, expires_at INTEGER NOT NULL,
  job_kinds TEXT, constraints TEXT,
  requested_by TEXT NOT NULL, decided_by TEXT, decided_at INTEGER, created_at INTEGER NOT NULL,
  rev INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE INDEX grants_principal ON grants(principal, dataset, state);
CREATE INDEX grants_expiry ON grants(state, expires_at);
CREATE TABLE views (
  id TEXT PRIMARY KEY, version TEXT NOT NULL REFERENCES versions(id), spec_sha256 TEXT NOT NULL, spec TEXT NOT NULL,
  object TEXT NOT NULL, sha256 TEXT NOT NULL, bytes INTEGER NOT NULL, rows INTEGER NOT NULL, created_at INTEGER NOT NULL,
  UNIQUE (version, spec_sha256)
) STRICT;

-- catalog/budgets: what jobs showed of themselves before a release
CREATE TABLE signal_charges (
  id TEXT PRIMARY KEY, principal TEXT NOT NULL, dataset TEXT NOT NULL REFERENCES datasets(id),
  grant_id TEXT NOT NULL REFERENCES grants(id), job TEXT NOT NULL, bits INTEGER NOT NULL, shown TEXT NOT NULL, at INTEGER NOT NULL,
  UNIQUE (job, dataset)
) STRICT;
CREATE INDEX signal_charges_grant ON signal_charges(grant_id);

-- jobs
CREATE TABLE jobs (
  id TEXT PRIMARY KEY, kind TEXT NOT NULL, mode TEXT NOT NULL, state TEXT NOT NULL,
  principal TEXT NOT NULL REFERENCES principals(id), purpose TEXT NOT NULL,
  spec TEXT NOT NULL, spec_sha256 TEXT NOT NULL, code_object TEXT,
  grade INTEGER NOT NULL, isolation TEXT NOT NULL, priority INTEGER NOT NULL DEFAULT 0, attempts INTEGER NOT NULL DEFAULT 0,
  failure_class TEXT, failure_limit TEXT, failure_detail TEXT, verdict TEXT,
  created_at INTEGER NOT NULL, not_before INTEGER NOT NULL DEFAULT 0, started_at INTEGER, ended_at INTEGER, held_at INTEGER,
  retain_until INTEGER, signal_bits INTEGER NOT NULL DEFAULT 0, signals_shown TEXT NOT NULL,
  -- from when on the submitter may see its start and its end; when it was asked to stop; when it was closed
  start_shown_at INTEGER, end_shown_at INTEGER, stop_requested_at INTEGER, stop_reason TEXT, closed_at INTEGER,
  -- the run whose outputs count, and how often their check was tried
  run TEXT, run_over_at INTEGER, check_attempts INTEGER NOT NULL DEFAULT 0, rev INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE INDEX jobs_state ON jobs(state, priority, created_at);
CREATE INDEX jobs_end_shown ON jobs(end_shown_at);
CREATE INDEX jobs_start_shown ON jobs(start_shown_at);
CREATE INDEX jobs_start_unshown ON jobs(started_at) WHERE start_shown_at IS NULL AND started_at IS NOT NULL;
CREATE INDEX jobs_retention ON jobs(retain_until) WHERE retain_until IS NOT NULL;
CREATE INDEX jobs_principal ON jobs(principal, created_at);
CREATE TABLE job_datasets (
  job TEXT NOT NULL REFERENCES jobs(id), dataset TEXT NOT NULL REFERENCES datasets(id),
  grant_id TEXT NOT NULL REFERENCES grants(id), version TEXT NOT NULL REFERENCES versions(id), view TEXT,
  grade INTEGER NOT NULL,
  PRIMARY KEY (job, dataset)
) STRICT;
CREATE INDEX job_datasets_grant ON job_datasets(grant_id);
CREATE INDEX job_datasets_dataset ON job_datasets(dataset);
CREATE TABLE workers (
  id TEXT PRIMARY KEY, token_sha256 TEXT NOT NULL UNIQUE, labels TEXT NOT NULL, seen_at INTEGER NOT NULL, created_at INTEGER NOT NULL,
  revoked_at INTEGER
) STRICT;
CREATE TABLE runs (
  id TEXT PRIMARY KEY, job TEXT NOT NULL REFERENCES jobs(id), fence INTEGER NOT NULL, worker TEXT NOT NULL, state TEXT NOT NULL,
  leased_at INTEGER NOT NULL, lease_expires_at INTEGER NOT NULL,
  staged_at INTEGER, executing_at INTEGER, collected_at INTEGER, ended_at INTEGER,
  outcome TEXT, image TEXT, kill_at INTEGER,
  UNIQUE (job, fence)
) STRICT;
CREATE INDEX runs_state ON runs(state, lease_expires_at);
CREATE TABLE outputs (
  id TEXT PRIMARY KEY, job TEXT NOT NULL REFERENCES jobs(id), run TEXT NOT NULL REFERENCES runs(id), name TEXT NOT NULL,
  raw_object TEXT, object TEXT, media_type TEXT NOT NULL, bytes INTEGER NOT NULL, sha256 TEXT,
  verdict TEXT, evidence TEXT NOT NULL DEFAULT 'unverified', capacity_bytes INTEGER, facts_sealed BLOB,
  findings_commitment TEXT, created_at INTEGER NOT NULL,
  UNIQUE (run, name)
) STRICT;
CREATE INDEX outputs_job ON outputs(job);
CREATE TABLE findings (
  id TEXT PRIMARY KEY, output TEXT NOT NULL REFERENCES outputs(id), rule TEXT NOT NULL, verdict TEXT NOT NULL,
  sealed BLOB NOT NULL, created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX findings_output ON findings(output);
-- vault objects that lost a reference; they are deleted when nothing else names them
CREATE TABLE dropped_objects (object TEXT PRIMARY KEY, dropped_at INTEGER NOT NULL) STRICT;

-- airlock
CREATE TABLE releases (
  id TEXT PRIMARY KEY, job TEXT NOT NULL REFERENCES jobs(id), principal TEXT NOT NULL REFERENCES principals(id),
  justification TEXT NOT NULL, state TEXT NOT NULL, round INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL, submitted_at INTEGER, approved_at INTEGER, released_at INTEGER,
  -- what was approved, byte for byte, from then until the bundle is in the vault
  frozen_sealed BLOB, bundle_object TEXT, bundle_sha256 TEXT, bundle_bytes INTEGER, rev INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE INDEX releases_job ON releases(job);
CREATE INDEX releases_principal ON releases(principal);
CREATE INDEX releases_approved ON releases(state) WHERE state = 'approved';
CREATE TABLE release_files (
  release TEXT NOT NULL REFERENCES releases(id), name TEXT NOT NULL, output TEXT NOT NULL REFERENCES outputs(id), sha256 TEXT NOT NULL,
  PRIMARY KEY (release, name), UNIQUE (release, output)
) STRICT;
CREATE TABLE reviews (
  id TEXT PRIMARY KEY, release TEXT NOT NULL REFERENCES releases(id), round INTEGER NOT NULL, reviewer TEXT NOT NULL REFERENCES principals(id),
  decision TEXT NOT NULL, statement_sealed BLOB NOT NULL, salt TEXT NOT NULL,
  public_key TEXT NOT NULL, signature TEXT NOT NULL, complete INTEGER NOT NULL DEFAULT 0, created_at INTEGER NOT NULL,
  UNIQUE (release, round, reviewer), UNIQUE (signature)
) STRICT;

-- ledger
CREATE TABLE ledger_leaves (
  seq INTEGER PRIMARY KEY, leaf TEXT NOT NULL, kind TEXT NOT NULL, actor TEXT NOT NULL, subject TEXT NOT NULL, dataset TEXT,
  opening_sealed BLOB NOT NULL
) STRICT;
CREATE INDEX ledger_subject ON ledger_leaves(subject);
CREATE TABLE ledger_nodes (level INTEGER NOT NULL, idx INTEGER NOT NULL, hash BLOB NOT NULL, PRIMARY KEY (level, idx)) STRICT, WITHOUT ROWID;
CREATE TABLE ledger_checkpoints (size INTEGER PRIMARY KEY, note TEXT NOT NULL, at INTEGER NOT NULL) STRICT;
CREATE TABLE outbox (id INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT NOT NULL, payload TEXT NOT NULL, created_at INTEGER NOT NULL) STRICT;
CREATE TABLE events (
  id INTEGER PRIMARY KEY AUTOINCREMENT, type TEXT NOT NULL, subject TEXT NOT NULL, payload TEXT NOT NULL, at INTEGER NOT NULL
) STRICT;
CREATE INDEX events_subject ON events(subject, id);
`,
} as const;
