/** Level `gvisor`: the contract of every level and the hostile programs, under a kernel in user space. */
import { gvisorKind } from "../../../src/sandbox/levels/gvisor.js";
import { hostile } from "../../promises/sandbox/suite.js";
import { conformance } from "../conformance.js";
import { levelBench } from "./bench.js";

conformance("gvisor", levelBench(gvisorKind));
hostile("gvisor", levelBench(gvisorKind), { which: "all" });
