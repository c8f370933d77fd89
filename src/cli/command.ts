/**
 * What all commands have in common: their flags, their help with an example, and how they end.
 *
 * Rules: with --json there is one JSON document on stdout and nothing else, on failure too. Progress goes to stderr
 * and only on a terminal. A command returns what it did; it prints nothing itself.
 */
import type { Command } from "commander";
import { Client } from "./client.js";
import { EXIT, type ExitCode, tellFailure } from "./failure.js";
import {
  type CommonFlags,
  type Environment,
  type Language,
  languageOf,
  requireUrl,
  type Settings,
  settingsOf,
} from "./settings.js";
import { type Bilingual, Progress } from "./terminal.js";

export interface Terminal {
  stdout: NodeJS.WriteStream;
  stderr: NodeJS.WriteStream;
  env: Environment;
}

export interface Context extends Terminal {
  language: Language;
  json: boolean;
  settings: Settings;
  progress: Progress;
  /** Ctrl-C and SIGTERM. */
  signal: AbortSignal;
  /** The node that the settings name. @throws Usage when they name none. */
  client(): Client;
  say(en: string, zh: string): string;
}

export interface Outcome {
  json: unknown;
  /** What people read; asked for only when they do. */
  text(): string;
  exit?: ExitCode;
}

export interface CommandSpec<O> {
  /** `show <name>`, as commander has it. */
  usage: string;
  about: Bilingual;
  /** One line that works as it stands, but for names. */
  example: string;
  /** Further flags. */
  flags?(command: Command): void;
  /** It prints by itself as it goes (a server, a narration). */
  act(context: Context, args: string[], flags: O): Promise<Outcome | undefined>;
}

/** Adds a group of commands. */
export function addGroup(
  program: Command,
  terminal: Terminal,
  { name, about, example }: { name: string; about: Bilingual; example: string },
): Command {
  const zh = languageOf({}, terminal.env) === "zh";
  return program
    .command(name)
    .enablePositionalOptions()
    .description(about[zh ? 1 : 0])
    .addHelpText("after", exampleText(zh, example));
}

const exampleText = (zh: boolean, example: string) => `\n${zh ? "示例" : "Example"}:\n  $ ${example}`;

/** Adds one command below `parent`. */
export function addCommand<O extends object>(
  parent: Command,
  terminal: Terminal,
  spec: CommandSpec<O>,
): Command {
  const language = languageOf({}, terminal.env);
  const command = parent
    .command(spec.usage)
    .enablePositionalOptions()
    .description(spec.about[language === "zh" ? 1 : 0]);
  command.addHelpText("after", exampleText(language === "zh", spec.example));
  spec.flags?.(command);
  commonFlags(command);
  command.action(async (...given: unknown[]) => {
    const flags = command.opts() as O & CommonFlags;
    const args = (given.slice(0, -2) as (string | string[] | undefined)[])
      .flat()
      .filter((a) => a !== undefined);
    await perform(terminal, flags, (context) => spec.act(context, args, flags));
  });
  return command;
}

function commonFlags(command: Command): void {
  command
    .option("--json", "one JSON document on stdout, nothing else")
    .option("--lang <en|zh>", "language of what is shown")
    .option("--url <url>", "the node (GLOVEBOX_URL)")
    .option("--token <token>", "who is asking (GLOVEBOX_TOKEN)")
    .option("--profile <dir>", "folder of the profile (GLOVEBOX_PROFILE)");
}

async function perform(
  terminal: Terminal,
  flags: CommonFlags,
  act: (context: Context) => Promise<Outcome | undefined>,
): Promise<void> {
  const language = languageOf(flags, terminal.env);
  const interrupted = new AbortController();
  const interrupt = () => interrupted.abort();
  process.once("SIGINT", interrupt).once("SIGTERM", interrupt);
  const progress = new Progress(terminal.stderr);
  try {
    const context = contextOf(terminal, flags, language, progress, interrupted.signal);
    const outcome = await act(context);
    progress.clear();
    if (!outcome) return;
    terminal.stdout.write(flags.json ? `${JSON.stringify(outcome.json)}\n` : `${outcome.text()}\n`);
    process.exitCode = outcome.exit ?? EXIT.done;
  } catch (thrown) {
    progress.clear();
    const told = tellFailure(thrown, language);
    if (flags.json) terminal.stdout.write(`${JSON.stringify(told.json)}\n`);
    else terminal.stderr.write(`${told.text}\n`);
    process.exitCode = told.exit;
  } finally {
    process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
  }
}

function contextOf(
  terminal: Terminal,
  flags: CommonFlags,
  language: Language,
  progress: Progress,
  signal: AbortSignal,
): Context {
  const settings = settingsOf(flags, terminal.env);
  return {
    ...terminal,
    language,
    json: flags.json === true,
    settings,
    progress,
    signal,
    client: () => new Client(requireUrl(settings.url), settings.token),
    say: (en, zh) => (language === "zh" ? zh : en),
  };
}

/** `--flag A B`, `--flag A --flag B`. */
export const many = (value: string, before: string[] | undefined): string[] => [...(before ?? []), value];
