import { statementsSuite } from "./statements-suite.js";

statementsSuite(6000);
