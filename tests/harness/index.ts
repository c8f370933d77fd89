/** What tests share: real processes, the machine's engine, and a world of people and data to start from. */

export * from "./domains.js";
export { type SharedEngine, sharedEngine } from "./engine.js";
export { type Answer, call, events, type Json, type Sent } from "./http.js";
export { type NodeOptions, type Ready, type RunningNode, startNode } from "./node.js";
export { Person } from "./people.js";
export { freePort } from "./ports.js";
export { ended, isAlive, kill9, killGroup, terminate, until } from "./processes.js";
export { type PrivateRedis, privateRedis } from "./redis.js";
export { bundleOf, heldResult, type Recipient, resultOf, roundOver } from "./results.js";
export { type TempDir, tempDir } from "./temp.js";
export { descendants, type OutputSeen, type RunSeen, Witness } from "./witness.js";
export * from "./world.js";
