/** What the API is given: the rooms, and settings. It opens nothing by itself. */
import type { Router } from "express";
import type { Logger } from "pino";
import type { Airlock } from "../airlock/index.js";
import type { Catalog } from "../catalog/index.js";
import type { Federation } from "../federated/index.js";
import type { Jobs } from "../jobs/index.js";
import type { Ledger } from "../ledger/index.js";
import type { Keys, Store } from "../store/index.js";
import type { Clock } from "../vocabulary/index.js";
import type { RateLimits } from "./rate-limit.js";

export interface ApiSettings {
  rateLimits?: RateLimits;
  /** Tests check every JSON answer against its declared schema; a node does not pay for that. */
  checkReplies?: boolean;
}

/** One gauge of the node, collected when `/metrics` is read: a value for each label. */
export interface NodeGauge {
  name: string;
  help: string;
  label: string;
  collect(): Record<string, number>;
}

export interface ApiDeps {
  store: Store;
  keys: Keys;
  ledger: Ledger;
  catalog: Catalog;
  jobs: Jobs;
  airlock: Airlock;
  federation: Federation;
  /** The node holds no data and runs nothing: it only coordinates. */
  coordinating?: boolean;
  clock: Clock;
  log: Logger;
  /** What workers call, mounted at /internal/v1 with its own authentication. */
  internal?: Router;
  gauges?: readonly NodeGauge[];
  /** Whether each part that work depends on is there; names and booleans only. */
  ready?(): Promise<Record<string, boolean>>;
  /** Ends event streams when the node stops. */
  shutdown?: AbortSignal;
  settings?: ApiSettings;
}
