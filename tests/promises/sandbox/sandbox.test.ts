import { dockerBench } from "../../sandbox/harness.js";
import { hostile } from "./suite.js";

hostile("container", dockerBench);
