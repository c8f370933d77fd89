/** The store: the one database, the vault, the keys. It knows no domain rule. */
export type { Manifest } from "./backup/form.js";
export { type RestoreReport, restoreBackup } from "./backup/restore.js";
export { takeBackup } from "./backup/take.js";
export { DATABASE_FILE, openStore, type Store, type StoreOptions } from "./db.js";
export { writeDurably } from "./durable.js";
export { fingerprint, type KeyPair, type Keys, locateKeyFile, openKeys, RING_FILE } from "./keys.js";
export { packageRoot } from "./paths.js";
export { prepared } from "./prepared.js";
export { freshBytes } from "./random.js";
export { droppedObjects, isNamed, namedObjects, type ObjectColumn, objectColumns } from "./references.js";
export { removeUnnamed, type ScrubProblem, type ScrubReport, scrub } from "./scrub.js";
export { createSealer, type Sealer } from "./sealer.js";
export { freeBytes, isShortOfRoom, namingFull, RESERVE_BYTES, saysFull } from "./space.js";
export { openSpool, type Spool, type SpoolMark } from "./spool.js";
export { openSealedStream, openVault, type Vault, type VaultObject } from "./vault.js";
