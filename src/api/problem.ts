/**
 * The one place where an error becomes an answer: RFC 9457 problem+json.
 *
 * Rules: a GloveboxError shows its code, its detail and the places in the input; nothing else of its params,
 * nothing of its cause. Anything else that is thrown is `internal` with an incident id. Neither an answer nor
 * a log line ever carries the message of an error that is not ours: it may quote a row.
 */
import { randomBytes } from "node:crypto";
import { z } from "zod";
import { namingFull } from "../store/index.js";
import {
  ERRORS,
  type ErrorCode,
  type ErrorDefinition,
  GloveboxError,
  type InputError,
} from "../vocabulary/index.js";

export const problemSchema = z
  .strictObject({
    type: z.string().meta({ description: "urn:glovebox:error:<code>" }),
    title: z.string(),
    status: z.int(),
    code: z.enum(Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]]),
    detail: z.string().optional(),
    next: z.string().optional().meta({ description: "What to do next" }),
    errors: z.array(z.strictObject({ path: z.string(), message: z.string() })).optional(),
    incident: z.string().optional().meta({ description: "On `internal` only; the node's log has it" }),
  })
  .meta({ id: "Problem" });
export type Problem = z.infer<typeof problemSchema>;

export type Language = "en" | "zh";

/** The first language of Accept-Language that we speak. */
export function languageOf(header: string | undefined): Language {
  if (!header) return "en";
  for (const part of header.slice(0, 200).split(",")) {
    const tag = part.trim().toLowerCase();
    if (tag.startsWith("zh")) return "zh";
    if (tag.startsWith("en")) return "en";
  }
  return "en";
}

const MAX_INPUT_ERRORS = 32;
const clip = (text: string, length: number) => (text.length > length ? `${text.slice(0, length)}…` : text);

export function problemOf(error: GloveboxError, language: Language): Problem {
  const rule: ErrorDefinition = ERRORS[error.code];
  const title = language === "zh" ? rule.title_zh : rule.title;
  const head = { type: `urn:glovebox:error:${error.code}`, title, status: rule.status, code: error.code };
  if (error.code === "internal") return { ...head, incident: newIncident() };
  return {
    ...head,
    ...(error.params.detail === undefined ? {} : { detail: clip(error.params.detail, 2000) }),
    next: rule.next,
    ...(error.params.errors === undefined
      ? {}
      : { errors: error.params.errors.slice(0, MAX_INPUT_ERRORS).map(clipInputError) }),
  };
}

const clipInputError = (e: InputError): InputError => ({
  path: clip(e.path, 200),
  message: clip(e.message, 500),
});

export const newIncident = (): string => `inc_${randomBytes(8).toString("hex")}`;

/** What body-parser and Node throw, by their own codes; anything that is not listed is our failure. */
const FOREIGN: Record<string, () => GloveboxError> = {
  "entity.too.large": () =>
    new GloveboxError("too_large", { detail: "The body is larger than this call takes." }),
  "entity.parse.failed": () => wrongBody("is not valid JSON"),
  "encoding.unsupported": () => wrongBody("must not be compressed"),
  "charset.unsupported": () => wrongBody("must be UTF-8"),
  "request.size.invalid": () => wrongBody("is shorter or longer than Content-Length says"),
  "request.aborted": () => wrongBody("ended early"),
};
const wrongBody = (message: string) =>
  new GloveboxError("invalid_input", { detail: `body: ${message}`, errors: [{ path: "body", message }] });

/** The GloveboxError in whatever was thrown; undefined when it is none of ours. */
export function knownError(thrown: unknown): GloveboxError | undefined {
  const named = namingFull(thrown);
  if (named instanceof GloveboxError) return named;
  if (thrown instanceof URIError) {
    return new GloveboxError("invalid_input", { detail: "The path is not valid percent-encoding." });
  }
  if (typeof thrown !== "object" || thrown === null || !("type" in thrown)) return undefined;
  return typeof thrown.type === "string" ? FOREIGN[thrown.type]?.() : undefined;
}
