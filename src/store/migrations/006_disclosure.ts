/** What an owner asks of outputs where it differs from the grade's defaults. */
export const disclosurePolicy = {
  version: 6,
  name: "disclosure_policy",
  sql: "ALTER TABLE datasets ADD COLUMN disclosure TEXT NOT NULL DEFAULT '{}';",
};
