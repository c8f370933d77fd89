import { conformance } from "./conformance.js";
import { readyBench } from "./ready-bench.js";

conformance("ready container", readyBench);
