/** The command line's own reference: the help of every command, as it shows. */
import type { Command } from "commander";
import { createProgram } from "./program.js";

const GENERATED = "<!-- Generated from the code by scripts/docs.mjs; change the code, not this file. -->";

/** Every command, the groups too, in the order of the help. */
export function allCommands(command: Command): Command[] {
  return command.commands.flatMap((child) => [child, ...allCommands(child)]);
}

/** `glovebox dataset add` */
export function nameOf(command: Command): string {
  return command.parent ? `${nameOf(command.parent)} ${command.name()}` : command.name();
}

/** The help as a person sees it, at a fixed width. */
export function helpOf(command: Command): string {
  let shown = "";
  command.configureOutput({ writeOut: (text) => (shown += text), getOutHelpWidth: () => 100 });
  command.outputHelp();
  return shown.trimEnd();
}

export function cliReferences(version: string): Record<string, string> {
  const program = createProgram({ stdout: process.stdout, stderr: process.stderr, env: {} }, version);
  const sections = allCommands(program)
    .filter((command) => command.commands.length === 0 || command.registeredArguments.length > 0)
    .map((command) => `## ${nameOf(command)}\n\n\`\`\`text\n${helpOf(command)}\n\`\`\``);
  const head = [
    GENERATED,
    "# Command line",
    "Every command has `--json` (one JSON document on stdout, nothing else) and `--help`. Exit codes: 0 done · 1 failed · 2 usage · 3 refused by policy · 4 not reachable. Settings come from flags, then `GLOVEBOX_*` variables, then the profile that `glovebox login` wrote.",
  ];
  return { "docs/reference/cli.md": `${[...head, ...sections].join("\n\n")}\n` };
}
