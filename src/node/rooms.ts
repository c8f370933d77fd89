/** The rooms of a node, opened on one data directory and wired. Nothing is decided here. */
import { join } from "node:path";
import type { Logger } from "pino";
import { type Airlock, createAirlock } from "../airlock/index.js";
import { type Catalog, createCatalog, createEngine, type Engine } from "../catalog/index.js";
import { aggregateKind, Federation } from "../federated/index.js";
import { createJobs, type Jobs } from "../jobs/index.js";
import { type Ledger, openLedger } from "../ledger/index.js";
import {
  CHECKER_ENTRY,
  type Checker,
  createChecker,
  createProtector,
  PROTECTOR_ENTRY,
  type Protector,
} from "../privacy/index.js";
import { spawnConfined } from "../sandbox/index.js";
import {
  type Keys,
  openKeys,
  openStore,
  openVault,
  packageRoot,
  type Store,
  type Vault,
} from "../store/index.js";
import { type Clock, traceOf } from "../vocabulary/index.js";
import type { NodeConfig } from "./config.js";

export interface Rooms {
  store: Store;
  keys: Keys;
  vault: Vault;
  ledger: Ledger;
  engine: Engine;
  checker: Checker;
  catalog: Catalog;
  jobs: Jobs;
  airlock: Airlock;
  federation: Federation;
  close(): Promise<void>;
}

const CHECKER_TMP_MB = 64;
function startChecker(): Checker {
  return createChecker({
    spawn: (memoryMb, cpuSeconds) =>
      spawnConfined({
        profile: "checker",
        entry: join(packageRoot(), CHECKER_ENTRY),
        memoryMb,
        cpuSeconds,
        tmpMb: CHECKER_TMP_MB,
      }),
  });
}

/** It needs neither data nor keys, so it is confined as a checker is. */
function startProtector(): Protector {
  return createProtector({
    spawn: (memoryMb, cpuSeconds) =>
      spawnConfined({
        profile: "checker",
        entry: join(packageRoot(), PROTECTOR_ENTRY),
        memoryMb,
        cpuSeconds,
        tmpMb: CHECKER_TMP_MB,
      }),
  });
}

/** Opens every room on one data directory. The clock may be a test's. */
export function openRooms(
  config: Pick<NodeConfig, "dataDir" | "domain" | "keyFile">,
  log: Logger,
  clock: Clock,
  images?: readonly string[],
): Rooms {
  const store = openStore(config.dataDir);
  try {
    const keys = openKeys(config.dataDir, config.keyFile === undefined ? {} : { keyFile: config.keyFile });
    const vault = openVault(config.dataDir, keys);
    const onListenerError = (error: unknown) =>
      log.error({ ...traceOf(error) }, "a listener failed after a commit");
    const ledger = openLedger({ store, keys, clock, domain: config.domain, onListenerError });
    const engine = createEngine();
    const checker = startChecker();
    const protector = startProtector();
    const catalog = createCatalog({ store, ledger, vault, keys, clock, engine });
    const jobs = createJobs({
      store,
      ledger,
      vault,
      keys,
      clock,
      catalog,
      checker,
      protector,
      log,
      kinds: [aggregateKind({ store, keys })],
      ...(images === undefined ? {} : { config: { images } }),
    });
    const airlock = createAirlock({ store, ledger, vault, catalog, jobs, keys, clock });
    const { domain } = config;
    const federation = new Federation({ store, keys, ledger, vault, catalog, jobs, clock, log, domain });
    const close = async () => {
      await federation.close();
      await jobs.close();
      await catalog.memory.close();
      await Promise.all([checker.close(), protector.close(), engine.close()]);
      store.close();
    };
    return { store, keys, vault, ledger, engine, checker, catalog, jobs, airlock, federation, close };
  } catch (error) {
    store.close();
    throw error;
  }
}
