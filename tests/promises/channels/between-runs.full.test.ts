/** The figures of docs/threat-model.md for runs beside each other. */
import { dockerBench } from "../../sandbox/harness.js";
import { channelPairs } from "./pairs.js";

channelPairs("container", dockerBench, { full: true, seconds: 20 });
