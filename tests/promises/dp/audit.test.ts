/** A quick share of the audit; 200,000 draws a side, and more aggregates, in audit.full.test.ts. */
import { auditSuite } from "./audit-suite.js";

auditSuite(3000, 2000, [
  "count",
  "sum",
  "avg",
  "quantile",
  "thresholded group-by: a rare group",
  "thresholded group-by: a group that shows",
]);
