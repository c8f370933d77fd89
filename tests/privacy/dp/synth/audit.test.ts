/** A quick share of the audit of synthetic data; 200,000 models a side in audit.full.test.ts. */
import { synthAuditSuite } from "./audit-suite.js";

synthAuditSuite(1000, 0.05);
