/** What `doctor` looks at in a node's own data: that it is private, and that its key lies elsewhere. */
import { existsSync, realpathSync, statSync } from "node:fs";
import { relative } from "node:path";
import { locateKeyFile } from "../store/index.js";
import type { Check } from "./doctor.js";
import type { Environment } from "./settings.js";

export function nodeChecks(dataDir: string | undefined, env: Environment): Check[] {
  if (dataDir === undefined || !existsSync(dataDir)) return [];
  const keyFile = locateKeyFile(dataDir, undefined, { ...env });
  return [privacyCheck("data", dataDir, 0o700), ...(existsSync(keyFile) ? keyChecks(dataDir, keyFile) : [])];
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
