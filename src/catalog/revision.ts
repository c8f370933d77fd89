/** A change that says which revision it was made on changes that revision only. */
import { GloveboxError } from "../vocabulary/index.js";

/** @throws stale */
export function requireRev(rev: number, ifMatch: number | undefined): void {
  if (ifMatch !== undefined && ifMatch !== rev)
    throw new GloveboxError("stale", { detail: `the resource is at revision ${rev} now` });
}
