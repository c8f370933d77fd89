import { conformance } from "./conformance.js";
import { dockerBench } from "./harness.js";

conformance("container", dockerBench);
