/**
 * What crashed workers left in the engine: found by label, removed unless their run is still somebody's.
 *
 * Rules. A container that was made for a run says which by a label. One that waited for a run says whose process keeps
 * it by a label, and which run it was given by its name, for a label cannot change: until it has one, it is removed
 * when that process is gone and never before.
 */
import { createHash } from "node:crypto";
import type Docker from "dockerode";
import { groupNames, removeGroup } from "../cgroup.js";
import { ownerAlive } from "../owner.js";
import { settled } from "./client.js";
import { NODE_LABEL, READY_LABEL, RUN_LABEL } from "./settings.js";

const nodeDigest = (node: string): string => createHash("sha256").update(node).digest("hex").slice(0, 12);

/** Control groups of one node begin alike, whatever characters its name has. */
export const groupPrefix = (node: string): string => `run-${nodeDigest(node)}-`;
export const READY_GROUP = "ready-";
export const readyGroupPrefix = (node: string): string => `${READY_GROUP}${nodeDigest(node)}-`;

const RUN_NAME = "glovebox.run.";
/** Name of a container while it waits, and once it was given a run. */
export const waitingName = (id: string): string => `glovebox.ready.${id}`;
export const runName = (runId: string): string => `${RUN_NAME}${runId}`;

/** The run that a container was given, by its names as the engine lists them. */
const runOfName = (names: readonly string[]): string | undefined =>
  names.find((name) => name.startsWith(`/${RUN_NAME}`))?.slice(RUN_NAME.length + 1);

interface Found {
  Id: string;
  Names: string[];
  Labels: Record<string, string>;
}

/** What becomes of one container: the run that it belongs to, if it has one, and whether it goes. */
export function verdictOn(
  { Names, Labels }: Pick<Found, "Names" | "Labels">,
  keep: ReadonlySet<string>,
  alive: (owner: string) => boolean = ownerAlive,
): { runId: string | undefined; goes: boolean } {
  const runId = Labels[RUN_LABEL] ?? runOfName(Names);
  if (runId !== undefined) return { runId, goes: !keep.has(runId) };
  const owner = Labels[READY_LABEL];
  return { runId, goes: owner !== undefined && !alive(owner) };
}

/** Removes the node's containers and control groups of all runs but those to keep; returns the runs. */
export async function sweepNode(docker: Docker, node: string, keep: ReadonlySet<string>): Promise<string[]> {
  const containers: Found[] = await docker.listContainers({
    all: true,
    filters: { label: [`${NODE_LABEL}=${node}`] },
  });
  const removed = new Set<string>();
  for (const container of containers) {
    const { runId, goes } = verdictOn(container, keep);
    if (!goes) continue;
    await settled(docker.getContainer(container.Id).remove({ force: true, v: true }));
    if (runId !== undefined) removed.add(runId);
  }
  const prefix = groupPrefix(node);
  for (const name of groupNames(prefix)) if (!keep.has(name.slice(prefix.length))) removeGroup(name);
  // Those in use cannot be removed, and are not.
  for (const name of groupNames(readyGroupPrefix(node))) removeGroup(name);
  return [...removed];
}
