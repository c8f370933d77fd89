/** What the commands that declare one output have in common: how it is sent, and how a rehearsal is shown. */
import { randomUUID } from "node:crypto";
import type { Command } from "commander";
import type { Context, Outcome } from "./command.js";
import { jobPath, waitFor } from "./job.js";
import { exitOf, type Job, jobSheet, submitted } from "./job-view.js";
import { purposeOf } from "./purpose.js";
import { plain } from "./terminal.js";

export interface DeclaredFlags {
  dataset: string;
  where?: string;
  out: string;
  purpose?: string;
  dryRun?: boolean;
  wait?: boolean;
  idempotencyKey?: string;
}

/** @param out the usual name of the output */
export function declaredFlags(command: Command, out: string): Command {
  return command
    .option("--where <condition>", "rows that count, in Python's syntax: age >= 60 and sex == 'F'")
    .option("--out <file>", "name of the output", out)
    .option("--purpose <text>", "what for (the purpose of your grant)")
    .option("--dry-run", "on the synthetic twin: shown at once")
    .option("--wait", "wait until it shows its end")
    .option("--idempotency-key <key>", "the same key and claim is submitted once");
}

/** Submits a job of this one claim. A rehearsal is waited for, and its text shown under the member `shownAs`. */
export async function declare(
  context: Context,
  flags: DeclaredFlags,
  claim: object,
  shownAs: string,
): Promise<Outcome> {
  const client = context.client();
  const purpose = flags.purpose ?? (await purposeOf(context, [flags.dataset], ["sandbox", "query"]));
  const spec = {
    kind: "table",
    purpose,
    datasets: [flags.dataset],
    claims: { [flags.out]: claim },
    mode: flags.dryRun ? "dry_run" : "real",
  };
  const key = flags.idempotencyKey ?? randomUUID();
  const job = await client.post<Job>("/api/v1/jobs", spec, { "idempotency-key": key });
  if (!flags.wait && !flags.dryRun) return { json: job, text: () => submitted(context, job) };
  const shown = await waitFor(context, job.id);
  const text =
    flags.dryRun && shown.state === "done"
      ? await client.text(`${jobPath(job.id)}/outputs/${encodeURIComponent(flags.out)}`)
      : undefined;
  return {
    json: text === undefined ? shown : { ...shown, [shownAs]: text },
    text: () => [jobSheet(context, shown), ...(text === undefined ? [] : ["", ...linesOf(text)])].join("\n"),
    exit: exitOf(shown),
  };
}

const linesOf = (text: string): string[] => text.trimEnd().split("\n").map(plain);
