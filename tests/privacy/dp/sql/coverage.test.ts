import { coverageSuite } from "./coverage-suite.js";

coverageSuite(300, 0.92);
