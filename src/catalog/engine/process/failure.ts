/** What may be said of an error: ours as they are, DuckDB's by their kind only, all else by nothing. */
import { GloveboxError } from "../../../vocabulary/index.js";
import type { EngineFailure } from "../protocol.js";

/** DuckDB's own prefix for a kind of error, and what it means here. */
const KINDS: readonly { begins: RegExp; code: EngineFailure["code"]; detail: string }[] = [
  { begins: /^Out of Memory/i, code: "too_large", detail: "needs more memory than an engine may use" },
  {
    begins: /^IO Error:.*(No space left|max_temp_directory_size)/is,
    code: "too_large",
    detail: "needs more temporary memory than an engine may use",
  },
];

const cut = (text: string, most: number): string =>
  text.length > most ? `${text.slice(0, most - 1)}…` : text;

export function failureOf(error: unknown): EngineFailure {
  if (error instanceof GloveboxError) {
    const code = error.code === "invalid_input" || error.code === "too_large" ? error.code : "internal";
    const errors = (error.params.errors ?? []).slice(0, 100).map(({ path, message }) => ({
      path: cut(path, 400),
      message: cut(message, 400),
    }));
    return { code, detail: cut(error.params.detail ?? error.message, 2000), errors };
  }
  const text = error instanceof Error ? error.message : "";
  const code = (error as NodeJS.ErrnoException | null)?.code;
  if (code === "ENOSPC" || code === "EDQUOT")
    return { code: "too_large", detail: "needs more temporary memory than an engine may use", errors: [] };
  const kind = KINDS.find(({ begins }) => begins.test(text));
  return {
    code: kind?.code ?? "internal",
    detail: kind?.detail ?? "the engine could not do this",
    errors: [],
  };
}
