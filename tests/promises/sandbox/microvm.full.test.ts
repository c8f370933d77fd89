/** All hostile programs, in machines of their own. */
import { microvmBench } from "../../sandbox/microvm/bench.js";
import { hostile } from "./suite.js";

hostile("microvm", microvmBench, { which: "all" });
