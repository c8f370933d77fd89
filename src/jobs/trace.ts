/** What of an error may be logged here: its kind and where it arose. Never its message, which could carry a value. */

const FRAME = /^\s+at /;
const NAME = /^[A-Za-z][A-Za-z0-9_]{0,60}$/;

export interface Trace {
  error: string;
  code?: string;
  frames: string[];
}

export function traceOf(thrown: unknown): Trace {
  if (!(thrown instanceof Error)) return { error: typeof thrown, frames: [] };
  const code = (thrown as { code?: unknown }).code;
  const frames = (thrown.stack ?? "").split("\n").filter((line) => FRAME.test(line));
  return {
    error: NAME.test(thrown.name) ? thrown.name : "Error",
    ...(typeof code === "string" && NAME.test(code) ? { code } : {}),
    frames: frames.slice(0, 12).map((line) => line.trim()),
  };
}
