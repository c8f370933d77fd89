/**
 * Looking for a dataset's identifiers and records in texts, over every version that a job was given.
 *
 * Rules: the engine opens the versions; what comes back are names, positions and counts, never a value.
 */
import type { Store, Vault } from "../../store/index.js";
import type { ScanText } from "../catalog.js";
import { effectiveColumns } from "../datasets/policy.js";
import { datasetRow, versionRow } from "../datasets/rows.js";
import type { Engine, ScanHit } from "../engine/index.js";

interface Parts {
  store: Store;
  vault: Vault;
  engine: Engine;
}

export interface ScanRequest {
  versionIds: readonly string[];
  texts: readonly ScanText[];
  significantDigits?: number;
}

const openText = ({ name, content }: ScanText) => ({
  name,
  content: typeof content === "function" ? content() : content,
});

export async function scanOutputs(parts: Parts, request: ScanRequest): Promise<ScanHit[]> {
  if (request.texts.length === 0) return [];
  const hits: ScanHit[] = [];
  for (const id of new Set(request.versionIds)) {
    const version = versionRow(parts.store.db, id);
    const dataset = datasetRow(parts.store.db, version.dataset);
    hits.push(
      ...(await parts.engine.scan({
        version: { key: version.object, parquet: () => parts.vault.get(version.object) },
        columns: effectiveColumns(version.columns, dataset.declared_columns),
        texts: request.texts.map(openText),
        ...(dataset.unit_column === null ? {} : { unitColumn: dataset.unit_column }),
        ...(request.significantDigits === undefined ? {} : { significantDigits: request.significantDigits }),
      })),
    );
  }
  return hits;
}
