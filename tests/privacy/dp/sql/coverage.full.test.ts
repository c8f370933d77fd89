import { coverageSuite } from "./coverage-suite.js";

coverageSuite(10_000, 0.94);
