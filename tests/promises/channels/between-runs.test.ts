/** Channels that were closed carry nothing still. */
import { dockerBench } from "../../sandbox/harness.js";
import { channelPairs } from "./pairs.js";

channelPairs("container", dockerBench, { seconds: 4 });
