/**
 * All programs in containers that waited; and those in Python once more, run by the interpreter that waited. There a
 * fork bomb ends for want of memory before processes: each of its children copies what is imported, as it would after
 * a cold start.
 */
import { readyBench, waitedBench } from "../../sandbox/ready-bench.js";
import { languageOf, programNames } from "./programs.js";
import { hostile } from "./suite.js";

const OTHERWISE = ["fork-bomb"];
const inPython = programNames().filter(
  (name) => languageOf(name).main === "main.py" && !OTHERWISE.includes(name),
);

hostile("ready container", readyBench, { which: "all" });
hostile("ready interpreter", waitedBench, { which: "all", only: inPython });
