/**
 * Names of outputs. A name is declared before the run and compared exactly; it never holds a path, a control
 * character or anything that a terminal, a zip reader or a reviewer's eye could take for something else.
 */
import { invalidInput } from "../vocabulary/index.js";

export const MAX_OUTPUTS = 32;
export const MAX_NAME_BYTES = 255;
/** The worker writes these; a program cannot stand in for its own logs. */
export const RESERVED_OUTPUTS: readonly string[] = ["stdout.log", "stderr.log"];
/**
 * Where a program says what its tables and models are of, so that control can compute them itself. Collected like a declared
 * output, and none: it is read by control and by nobody else.
 */
export const CLAIMS_FILE = ".glovebox.claims";
/** Of the whole file; a larger one is not taken. */
export const MAX_CLAIMS_BYTES = 256 * 1024;
/** Names that a run's folder is looked through for. */
export const MAX_COLLECTED = MAX_OUTPUTS + 1;
const OURS = ".glovebox";

/** Why a name cannot be declared, or undefined when it can. */
export function outputNameProblem(name: string): string | undefined {
  if (name === "" || name === "." || name === "..") return "is not a file name";
  if (Buffer.byteLength(name, "utf8") > MAX_NAME_BYTES) return `is longer than ${MAX_NAME_BYTES} bytes`;
  if (name.includes("/") || name.includes("\\")) return "must not hold a slash";
  // Other: control, format (bidirectional marks, zero width), surrogates, unassigned; line and paragraph separators.
  if (/[\p{C}\p{Zl}\p{Zp}]/u.test(name)) return "must not hold control or invisible characters";
  if (name !== name.normalize("NFC")) return "must be in Unicode normal form C";
  if (name !== name.trim()) return "must not begin or end with a space";
  if (RESERVED_OUTPUTS.includes(name.toLowerCase())) return "is reserved for the program's log";
  if (name.toLowerCase().startsWith(OURS)) return `must not begin with ${OURS}`;
  return undefined;
}

/** Throws `invalid_input` unless the names can be declared together. */
export function assertOutputNames(names: readonly string[]): void {
  if (names.length > MAX_OUTPUTS) throw invalidInput("outputs", `at most ${MAX_OUTPUTS} names`);
  const seen = new Set<string>();
  names.forEach((name, i) => {
    const problem = outputNameProblem(name);
    if (problem) throw invalidInput(`outputs[${i}]`, problem);
    const folded = name.toLowerCase();
    if (seen.has(folded))
      throw invalidInput(`outputs[${i}]`, "differs from another only in case, or not at all");
    seen.add(folded);
  });
}

/** The names that a run is collected by: declared outputs, and the file of claims. */
export function assertCollectedNames(names: readonly string[]): void {
  assertOutputNames(names.filter((name) => name !== CLAIMS_FILE));
}
