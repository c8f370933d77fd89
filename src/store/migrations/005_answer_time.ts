/** When answers to queries are sent, a public number of the dataset. */
export const answerTime = {
  version: 5,
  name: "answer_time",
  sql: "ALTER TABLE datasets ADD COLUMN answer_ms INTEGER NOT NULL DEFAULT 1000;",
};
