/** What `doctor` looks at in a node's own data: that it is private, and that its key lies elsewhere. */
import { existsSync, realpathSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { fingerprint, locateKeyFile, openKeys, RING_FILE } from "../store/index.js";
import type { Check } from "./doctor.js";
import type { Environment } from "./settings.js";

export function nodeChecks(dataDir: string | undefined, env: Environment): Check[] {
  if (dataDir === undefined || !existsSync(dataDir)) return [];
  const keyFile = locateKeyFile(dataDir, undefined, { ...env });
  return [
    privacyCheck("data", dataDir, 0o700),
    ...(existsSync(keyFile) ? [...keyChecks(dataDir, keyFile), ...identityCheck(dataDir, keyFile)] : []),
  ];
}

function privacyCheck(name: string, path: string, mode: number): Check {
  const open = (statSync(path).mode & 0o077) !== 0;
  return {
    name,
    ok: !open,
    needed: true,
    detail: open ? `${path} can be read by others` : `${path} is its owner's alone`,
    ...(open ? { fix: `chmod ${mode.toString(8)} ${path}` } : {}),
  };
}

/** Who the node is to other domains; of a directory that has keys, which is never given new ones. */
function identityCheck(dataDir: string, keyFile: string): Check[] {
  if (!existsSync(join(dataDir, RING_FILE))) return [];
  try {
    const { publicKey } = openKeys(dataDir, { keyFile }).identity;
    const detail = `${fingerprint(publicKey)} (key ${publicKey})`;
    return [{ name: "identity", ok: true, needed: true, detail }];
  } catch {
    const detail = "the key file does not open this directory's keys";
    return [
      { name: "identity", ok: false, needed: true, detail, fix: "name the right one by GLOVEBOX_KEY_FILE" },
    ];
  }
}

function keyChecks(dataDir: string, keyFile: string): Check[] {
  const beside = !relative(realpathSync(dataDir), realpathSync(keyFile)).startsWith("..");
  return [
    privacyCheck("key", keyFile, 0o600),
    {
      name: "key place",
      ok: !beside,
      needed: false,
      detail: beside
        ? "the wrapping key lies in the data directory"
        : "the wrapping key lies outside the data directory",
      ...(beside
        ? {
            fix: "move it and name it by GLOVEBOX_KEY_FILE, or give it as a systemd credential",
            without: "who copies the data directory has the key as well",
          }
        : {}),
    },
  ];
}
