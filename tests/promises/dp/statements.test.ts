/** A quick share of the statements; all of them in statements.full.test.ts. */
import { statementsSuite } from "./statements-suite.js";

statementsSuite(500);
