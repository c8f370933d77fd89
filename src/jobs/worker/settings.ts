/** What a worker process is told: the JSON in its GLOVEBOX_WORKER. */
import { join } from "node:path";
import { packageRoot } from "../../store/index.js";

export interface WorkerSettings {
  /** Address of the node, such as http://127.0.0.1:4100. */
  control: string;
  /** From `jobs.internal.registerWorker`. */
  token: string;
  /** Name of the node, with which containers are labelled; the node's own answer when not said. */
  node?: string;
  redis?: { path?: string; url?: string };
  /** Of the node's queue in Redis. */
  prefix?: string;
  /** Where encrypted Views are kept between runs. */
  cache_dir: string;
  cache_bytes?: number;
  staging_root?: string;
  engine_socket?: string;
  max_log_bytes?: number;
  poll_ms?: number;
  sweep_ms?: number;
  drain_ms?: number;
  /** How many containers wait for a run, started beforehand; 0: none. */
  ready?: number;
}

/** Containers that wait, a worker: each costs about 50 MB. */
export const DEFAULT_READY = 1;
export const MAX_READY = 16;

/** The compiled program of a worker process. */
export const workerEntry = (): string => join(packageRoot(), "dist/jobs/worker/main.js");
