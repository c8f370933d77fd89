import { coverageSuite } from "./coverage-suite.js";

coverageSuite(600, 0.93);
