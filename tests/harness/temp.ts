/** Temporary folders of tests: short paths, since unix sockets lie in them, and private, since data does. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface TempDir {
  path: string;
  remove(): void;
}

export function tempDir(label = "test"): TempDir {
  const path = mkdtempSync(join(tmpdir(), `glovebox-${label}-`));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
