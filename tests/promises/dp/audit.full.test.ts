import { auditSuite } from "./audit-suite.js";

auditSuite(200_000, 20_000);
