/**
 * How a command ends: 0 done · 1 failed · 2 usage · 3 refused by policy · 4 not reachable. A failure says what went
 * wrong, whose fault it is and what to do next.
 */
import { namingFull } from "../store/index.js";
import { ERRORS, type ErrorCode, GloveboxError, type InputError } from "../vocabulary/index.js";
import type { Language } from "./settings.js";

export const EXIT = { done: 0, failed: 1, usage: 2, refused: 3, unreachable: 4 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The codes that are a decision of policy about who asks or what is asked. */
const REFUSALS: readonly ErrorCode[] = [
  "unauthenticated",
  "forbidden",
  "no_grant",
  "grant_expired",
  "budget_exhausted",
  "disclosure_refused",
  "isolation_unavailable",
];

/** Something that this command itself found. */
export class Failure extends Error {
  readonly exit: ExitCode = EXIT.failed;
  constructor(
    message: string,
    readonly message_zh: string,
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "Failure";
  }
}

export class Usage extends Failure {
  override readonly exit = EXIT.usage;
}

export class Unreachable extends Failure {
  override readonly exit = EXIT.unreachable;
}

/** A problem that the node answered. */
export class Refusal extends Error {
  constructor(
    readonly code: ErrorCode,
    readonly problem: { detail?: string; errors?: InputError[]; incident?: string },
  ) {
    super(problem.detail ?? ERRORS[code].title);
    this.name = "Refusal";
  }
}

export interface ToldFailure {
  exit: ExitCode;
  /** For --json. */
  json: { error: { code: string; detail?: string; next?: string; errors?: InputError[]; incident?: string } };
  text: string;
}

export function tellFailure(thrown: unknown, language: Language): ToldFailure {
  const zh = language === "zh";
  if (thrown instanceof Failure) {
    const detail = zh ? thrown.message_zh : thrown.message;
    const code =
      thrown.exit === EXIT.usage ? "usage" : thrown.exit === EXIT.unreachable ? "unreachable" : "failed";
    return { exit: thrown.exit, json: { error: { code, detail } }, text: detail };
  }
  if (thrown instanceof Refusal) return tellProblem(thrown.code, thrown.problem, zh);
  const named = namingFull(thrown);
  if (named instanceof GloveboxError) return tellProblem(named.code, named.params, zh);
  const detail = thrown instanceof Error ? thrown.message : String(thrown);
  return { exit: EXIT.failed, json: { error: { code: "failed", detail } }, text: detail };
}

function tellProblem(
  code: ErrorCode,
  problem: { detail?: string; errors?: InputError[]; incident?: string },
  zh: boolean,
): ToldFailure {
  const rule = ERRORS[code];
  const lines = [`${zh ? rule.title_zh : rule.title} (${code})`];
  if (problem.detail !== undefined) lines.push(`  ${problem.detail}`);
  for (const { path, message } of problem.errors ?? []) {
    const line = `${path}: ${message}`;
    if (line !== problem.detail) lines.push(`  ${line}`);
  }
  if (problem.incident !== undefined) lines.push(`  ${zh ? "事件编号" : "incident"} ${problem.incident}`);
  lines.push(`${zh ? "下一步：" : "Next: "}${rule.next}`);
  const { detail, errors, incident } = problem;
  return {
    exit: REFUSALS.includes(code) ? EXIT.refused : EXIT.failed,
    json: { error: { code, detail, next: rule.next, errors, incident } },
    text: lines.join("\n"),
  };
}
