/** What a node is told at its start, with the defaults; flags come first, then `GLOVEBOX_*` variables. */
import { join, resolve } from "node:path";
import { DEFAULT_READY, MAX_READY } from "../jobs/index.js";
import { invalidInput } from "../vocabulary/index.js";

export interface NodeConfig {
  dataDir: string;
  host: string;
  /** 0: any free one. */
  port: number;
  workers: number;
  /** Containers that each worker keeps waiting for a run. */
  ready: number;
  /** PEM files; needed where `host` is another than loopback. */
  tls?: { cert: Buffer; key: Buffer };
  /** Name of the domain, as it stands in the ledger's origin. */
  domain: string;
  redisUrl?: string;
  keyFile?: string;
  logLevel: string;
  /** It holds no data and runs nothing: it only coordinates collaborations. */
  coordinator: boolean;
}

export const DEFAULT_PORT = 4100;
const LOOPBACK = new Set(["127.0.0.1", "::1", "localhost"]);
const DOMAIN_NAME = /^[\p{L}\p{N}][\p{L}\p{N}._-]{0,62}$/u;
const MAX_WORKERS = 64;

/** Fills in defaults and refuses what cannot work. @throws invalid_input */
export function nodeConfig(given: Partial<NodeConfig>, env: NodeJS.ProcessEnv = process.env): NodeConfig {
  const config: NodeConfig = {
    dataDir: resolve(given.dataDir ?? env.GLOVEBOX_DATA_DIR ?? join(process.cwd(), ".glovebox", "node")),
    host: given.host ?? env.GLOVEBOX_HOST ?? "127.0.0.1",
    port: given.port ?? Number(env.GLOVEBOX_PORT ?? DEFAULT_PORT),
    workers: given.workers ?? Number(env.GLOVEBOX_WORKERS ?? 2),
    ready: given.ready ?? Number(env.GLOVEBOX_READY ?? DEFAULT_READY),
    tls: given.tls,
    domain: given.domain ?? env.GLOVEBOX_DOMAIN ?? "local",
    redisUrl: given.redisUrl ?? env.REDIS_URL,
    keyFile: given.keyFile ?? env.GLOVEBOX_KEY_FILE,
    coordinator: given.coordinator ?? env.GLOVEBOX_COORDINATOR === "1",
    logLevel: given.logLevel ?? env.GLOVEBOX_LOG_LEVEL ?? "info",
  };
  if (!Number.isInteger(config.port) || config.port < 0 || config.port > 65_535)
    throw invalidInput("port", "is not a port");
  if (!Number.isInteger(config.workers) || config.workers < 0 || config.workers > MAX_WORKERS)
    throw invalidInput("workers", `must be a whole number from 0 to ${MAX_WORKERS}`);
  if (!Number.isInteger(config.ready) || config.ready < 0 || config.ready > MAX_READY)
    throw invalidInput("ready", `must be a whole number from 0 to ${MAX_READY}`);
  if (!DOMAIN_NAME.test(config.domain))
    throw invalidInput("domain", "1 to 63 letters, digits, dots, dashes, underscores");
  if (!LOOPBACK.has(config.host) && !config.tls)
    throw invalidInput("host", "another address than loopback needs --tls-cert and --tls-key");
  return config;
}
