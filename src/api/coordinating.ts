/**
 * What a node does not do that only coordinates: it holds no data, so there is nothing to register, to grant, to run on or
 * to release. Everything of collaborations but taking part with a dataset, and all of the ledger, is as on any node.
 */
import { GloveboxError } from "../vocabulary/index.js";
import type { Route, Tag } from "./route.js";

const OF_DATA: ReadonlySet<Tag> = new Set(["datasets", "grants", "queries", "jobs", "releases"]);

export const needsData = ({ tag, permission, name }: Pick<Route, "tag" | "permission" | "name">): boolean =>
  OF_DATA.has(tag) || permission === "workers.manage" || name === "joinCollaboration";

/** @throws state_conflict */
export function requireHolding(route: Route, coordinating: boolean | undefined): void {
  if (coordinating && needsData(route))
    throw new GloveboxError("state_conflict", {
      detail: "this node only coordinates collaborations: it holds no data (up --coordinator)",
    });
}
