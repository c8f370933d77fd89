import { dockerBench } from "../../sandbox/harness.js";
import { census, hostile } from "./suite.js";

census();
hostile("container", dockerBench);
