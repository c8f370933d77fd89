/** Those whose target a container that waited could have changed; `hostile.full.test.ts` runs all. */
import { readyBench } from "../../sandbox/ready-bench.js";
import { hostile } from "./suite.js";

hostile("ready container", readyBench, {
  only: [
    "disk-full",
    "fork-bomb",
    "kill-everything",
    "leaked-handles",
    "leftovers",
    "memory-bomb",
    "neighbours",
    "neighbours-files",
    "neighbours-processes",
    "neighbours-shared-memory",
    "other-memory",
    "outliving",
    "output-links",
    "poisoned-image",
    "poisoned-view",
    "privileges",
    "read-only",
    "runtime-binary",
    "upwards",
  ],
});
