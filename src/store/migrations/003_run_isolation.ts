/** The isolation level that a run was leased for. Runs of before have none: there was the container alone. */
export const runIsolation = {
  version: 3,
  name: "run_isolation",
  sql: "ALTER TABLE runs ADD COLUMN isolation TEXT;",
};
