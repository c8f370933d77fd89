/** What crashed workers left in the engine: found by label, removed unless their run is still somebody's. */
import { createHash } from "node:crypto";
import type Docker from "dockerode";
import { groupNames, removeGroup } from "../cgroup.js";
import { settled } from "./client.js";
import { NODE_LABEL, RUN_LABEL } from "./settings.js";

/** Control groups of one node begin alike, whatever characters its name has. */
export const groupPrefix = (node: string): string =>
  `run-${createHash("sha256").update(node).digest("hex").slice(0, 12)}-`;

/** Removes the node's containers and control groups of all runs but those to keep; returns the runs. */
export async function sweepNode(docker: Docker, node: string, keep: ReadonlySet<string>): Promise<string[]> {
  const containers = await docker.listContainers({
    all: true,
    filters: { label: [`${NODE_LABEL}=${node}`] },
  });
  const removed = new Set<string>();
  for (const { Id, Labels } of containers) {
    const runId = Labels[RUN_LABEL];
    if (runId === undefined || keep.has(runId)) continue;
    await settled(docker.getContainer(Id).remove({ force: true, v: true }));
    removed.add(runId);
  }
  const prefix = groupPrefix(node);
  for (const name of groupNames(prefix)) if (!keep.has(name.slice(prefix.length))) removeGroup(name);
  return [...removed];
}
