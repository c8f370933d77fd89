/**
 * What may be logged of an error: its kind, its code, and where it was thrown. Never its message, which may quote a
 * row, nor anything else that whoever threw it could choose: a name is a class's, a code is one that the platform
 * knows, a place is a file of this package or of Node with a line.
 */
import { constants } from "node:os";
import { fileURLToPath } from "node:url";
import { ERRORS } from "./errors.js";

export interface Trace {
  error: string;
  error_code?: string;
  /** `dist/jobs/check.js:12:3`, innermost first. */
  frames: string[];
}

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const ERROR_NAME = /^[A-Z][A-Za-z]{0,39}Error$/;
/** Names that the platform gives to errors of one class. */
const NAMED = new Set(["AbortError", "TimeoutError"]);
const CODES = new Set([...Object.keys(constants.errno), ...Object.keys(ERRORS), "ENOTFOUND", "EAI_AGAIN"]);
const CODE = /^(?:SQLITE|ERR|UND_ERR)(?:_[A-Z]+2?){1,8}$/;
const FRAME =
  /^\s+at (?:.*\()?(?:file:\/\/)?(node:[a-z_/]{1,80}|\/[\w@./-]{1,300}\.[cm]?[jt]s):(\d{1,6}):(\d{1,6})\)?$/;
const MOST_FRAMES = 12;

function nameOf(error: Error): string {
  const own = error.constructor?.name ?? "";
  return (
    [error.name, own].find((name) => ERROR_NAME.test(name) && (name === own || NAMED.has(name))) ?? "Error"
  );
}

function placeOf(line: string): string | undefined {
  const [, file = "", row, column] = FRAME.exec(line) ?? [];
  if (file.startsWith("node:")) return `${file}:${row}:${column}`;
  return file.startsWith(ROOT) ? `${file.slice(ROOT.length)}:${row}:${column}` : undefined;
}

/** The stack begins with the message, of any number of lines; those that only look like places are none. */
function framesOf(error: Error): string[] {
  const stack = typeof error.stack === "string" ? error.stack.split("\n") : [];
  const head = `${error.name}: ${error.message}`.split("\n");
  const known = head.every((line, i) => stack[i] === line);
  const body = known
    ? stack.slice(head.length)
    : stack.slice(stack.findLastIndex((l) => !/^\s+at /.test(l)) + 1);
  return body.flatMap((line) => placeOf(line) ?? []).slice(0, MOST_FRAMES);
}

export function traceOf(thrown: unknown): Trace {
  if (!(thrown instanceof Error)) return { error: "NotAnError", frames: [] };
  const code: unknown = "code" in thrown ? thrown.code : undefined;
  const known = typeof code === "string" && (CODES.has(code) || CODE.test(code));
  return { error: nameOf(thrown), ...(known ? { error_code: code } : {}), frames: framesOf(thrown) };
}
