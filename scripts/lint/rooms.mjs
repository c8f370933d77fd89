/**
 * Which room of src may import which, as ARCHITECTURE.md says, and which modules must be pure. Tables and pure
 * decisions; reading the sources is done by imports.mjs.
 */

/** Rooms that a room may import, besides `vocabulary`, which everyone may. */
export const MAY_IMPORT = /** @type {Record<string, string[]>} */ ({
  vocabulary: [],
  store: [],
  privacy: [],
  ledger: ["store"],
  sandbox: ["store"],
  catalog: ["store", "ledger", "privacy", "sandbox"],
  jobs: ["store", "ledger", "privacy", "sandbox", "catalog"],
  airlock: ["store", "ledger", "privacy", "sandbox", "catalog", "jobs"],
  federated: ["store", "ledger", "privacy", "sandbox", "catalog", "jobs", "airlock"],
  opening: ["store", "ledger", "privacy", "sandbox", "catalog", "jobs", "airlock", "federated"],
  api: ["store", "ledger", "privacy", "sandbox", "catalog", "jobs", "airlock", "federated", "opening"],
  node: [
    "store",
    "ledger",
    "privacy",
    "sandbox",
    "catalog",
    "jobs",
    "airlock",
    "federated",
    "opening",
    "api",
  ],
  cli: ["api", "store", "ledger", "airlock", "federated", "privacy", "node"],
});

/**
 * Doors of a room besides its index.ts: a concept of `privacy` is a room in small, with an index of its own; the
 * verifiers of bundle and log stand apart because they also run in a browser.
 */
export const DOORS = /** @type {Record<string, RegExp>} */ ({
  privacy: /^(?:index|[a-z]+\/index)\.ts$/,
  node: /^(?:index|node)\.ts$/,
  ledger: /^(?:index|verifier)\.ts$/,
  airlock: /^(?:index|verifier|verifier\/index)\.ts$/,
  federated: /^(?:index|verifier)\.ts$/,
});

/** The command line is a client: of these rooms it takes the schemas of the API, calculators of budgets, and verifiers. */
export const CLI_DOORS = /** @type {Record<string, RegExp>} */ ({
  api: /^schemas\/[a-z-]+\.ts$/,
  privacy: /^dp\/index\.ts$/,
  federated: /^verifier\.ts$/,
});

/** Modules of these names decide and do nothing else. */
export const PURE_NAMES = new Set(["states.ts", "rules.ts", "policy.ts", "visibility.ts"]);

/** Packages that reach files, network or a database. */
export const EFFECTFUL_PACKAGES = new Set([
  "better-sqlite3",
  "@duckdb/node-api",
  "bullmq",
  "dockerode",
  "express",
  "ioredis",
  "pino",
  "prom-client",
  "ulid",
]);

/** Folder names that say nothing of what they hold. */
export const NAMELESS = new Set(["utils", "util", "helpers", "common", "misc", "types", "constants", "lib"]);

/** Room of a file below src (`jobs/states.ts` → `jobs`); `node.ts` is a room of one file. @param {string} file */
export function roomOf(file) {
  const first = file.split("/")[0] ?? "";
  return first.replace(/\.ts$/, "");
}

/**
 * What is wrong with `from` importing `to`, both files below src; undefined if nothing is.
 * @param {string} from
 * @param {string} to
 */
export function importProblem(from, to) {
  const [room, other] = [roomOf(from), roomOf(to)];
  if (room === other) return undefined;
  const allowed = MAY_IMPORT[room];
  if (!allowed) return `${room} is not a room that ARCHITECTURE.md names`;
  if (other !== "vocabulary" && !allowed.includes(other)) return `${room} may not import ${other}`;
  const inside = to.includes("/") ? to.slice(other.length + 1) : to;
  const door = (room === "cli" ? CLI_DOORS[other] : undefined) ?? DOORS[other] ?? /^index\.ts$/;
  return door.test(inside) ? undefined : `${room} may not enter ${other} by ${inside}`;
}
