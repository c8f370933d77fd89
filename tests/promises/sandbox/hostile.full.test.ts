/** Those that take long, and those in R, whose image is built on request (`npm run setup -- --need image-r`). */
import { dockerBench } from "../../sandbox/harness.js";
import { hostile } from "./suite.js";

hostile("container", dockerBench, { which: "long" });
