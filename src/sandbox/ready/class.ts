/**
 * What a waiting container is made for, and which runs it can become. Pure.
 *
 * Rules. A class is an image by its content and limits to the last megabyte; nothing of a principal, a dataset or a
 * job is in it. The wall clock is not: it is the worker's, and starts with the run. Classes are the operator's to set,
 * never learned from what was run: a class that somebody's jobs have warmed would tell others about them.
 */
import type { ImageRef, Limits, RunSpec } from "../executor.js";

export type ClassLimits = Omit<Limits, "wall_s">;

export interface ReadyClass {
  image: ImageRef;
  limits: ClassLimits;
}

export const classOf = ({ image, limits }: Pick<RunSpec, "image" | "limits">): ReadyClass => {
  const { cpus, memory_mb, pids, disk_mb } = limits;
  return { image, limits: { cpus, memory_mb, pids, disk_mb } };
};

/** Equal for equal classes alone. */
export function classKey({ image, limits }: ReadyClass): string {
  const { cpus, memory_mb, pids, disk_mb } = limits;
  return JSON.stringify([image.reference, image.layers, cpus, memory_mb, pids, disk_mb]);
}

/** Images in which a Python interpreter can wait. Runs of others start cold. */
export const READY_IMAGES: readonly string[] = ["python"];

/** What is imported while waiting: what most programs that take long to start begin with. It brings numpy along. */
const PACKAGE = "pandas";
/** In a smaller class it would be most of what waits, and few programs there begin with it. */
const LEAST_MB = 512;

/** The package that a container of this class imports before it waits, if any. */
export const packageOf = ({ memory_mb }: ClassLimits): string | undefined =>
  memory_mb >= LEAST_MB ? PACKAGE : undefined;
