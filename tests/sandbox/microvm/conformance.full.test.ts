/** Level `microvm` does what every Executor must. Installs QEMU and builds a guest where they lack. */
import { conformance } from "../conformance.js";
import { microvmBench } from "./bench.js";

conformance("microvm", microvmBench);
