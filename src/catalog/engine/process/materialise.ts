/**
 * A View as canonical CSV: original names, columns in the version's order, comma, LF, quotes only where needed,
 * nulls empty, whole numbers whole, decimals in the shortest form that reads back as the same double, rows in file
 * order. The unit's ordinal stays inside.
 */
import { join } from "node:path";
import { invalidInput } from "../../../vocabulary/index.js";
import { csvField } from "../csv.js";
import type { ViewSpec } from "../model.js";
import type { MaterialiseRequest } from "../protocol.js";
import { Duck, literal, quoted, stored } from "./duck.js";
import { growing } from "./growing.js";
import { describeVersion, type VersionDescription } from "./parquet.js";
import { type Inputs, type Outcome, saveInput, type Workplace } from "./workplace.js";

/**
 * The columns that the View shows, as indexes. @throws invalid_input where the spec and the version differ, or a
 * treatment is not known: a View is never more than was asked for, and never a guess.
 */
export function shownColumns(version: VersionDescription, spec: ViewSpec): number[] {
  const treatments = new Map(spec.columns.map(({ name, treatment }) => [name, treatment]));
  if (treatments.size !== spec.columns.length) throw invalidInput("spec", "names a column twice");
  for (const name of treatments.keys())
    if (!version.columns.some((column) => column.name === name))
      throw invalidInput(name, "is not a column of the version");
  const shown: number[] = [];
  version.columns.forEach(({ name }, i) => {
    const treatment = treatments.get(name);
    if (treatment === undefined) throw invalidInput(name, "has no treatment in the View");
    if (typeof treatment !== "string")
      throw invalidInput(name, `mask method ${treatment.method} is not known`);
    if (treatment === "as_is") shown.push(i);
  });
  if (shown.length === 0) throw invalidInput("spec", "shows no column");
  return shown;
}

/** A line that is empty because its only field is would be skipped by most readers: there it is written `""`. */
function shownSql(shown: number[]): string {
  const names = shown.map((i) => quoted(stored(i)));
  return names.length > 1 ? names.join(", ") : `coalesce(CAST(${names[0]} AS VARCHAR), '')`;
}

/** The View's bytes as DuckDB writes them: sending them takes as long as making them, and need not come after it. */
async function* viewBytes(duck: Duck, folder: string, version: VersionDescription, shown: number[]) {
  try {
    yield Buffer.from(`${shown.map((i) => csvField(version.columns[i]!.name)).join(",")}\n`);
    const path = join(folder, "rows.csv");
    const written = duck.run(
      `COPY (SELECT ${shownSql(shown)} FROM read_parquet(${literal(versionPath(folder))})) TO ${literal(path)}
       (FORMAT csv, HEADER false, DELIMITER ',', QUOTE '"', ESCAPE '"', NULLSTR '', USE_TMP_FILE false)`,
    );
    yield* growing(path, written);
  } finally {
    duck.close();
  }
}

const versionPath = (folder: string): string => join(folder, "version.parquet");

export async function materialise(
  work: Workplace,
  request: MaterialiseRequest,
  inputs: Inputs,
): Promise<Outcome<"materialise">> {
  const path = versionPath(work.folder);
  await saveInput(inputs.next(), path);
  const duck = await Duck.open(work);
  try {
    const version = await describeVersion(duck, path);
    const bytes = viewBytes(duck, work.folder, version, shownColumns(version, request.spec));
    return { result: { rows: version.rows }, outputs: [bytes] };
  } catch (error) {
    duck.close();
    throw error;
  }
}
