/** The audit of synthetic data with as many models as for every other answer. */
import { synthAuditSuite } from "./audit-suite.js";

synthAuditSuite(200_000, 0.8);
