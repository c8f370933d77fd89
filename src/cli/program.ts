/** The command line as a whole: which commands there are, and how wrong usage ends. */
import { existsSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { addBackup } from "./backup.js";
import { addBench } from "./bench.js";
import { addCollab } from "./collab.js";
import type { Terminal } from "./command.js";
import { addDataset } from "./dataset.js";
import { addDemo } from "./demo.js";
import { addDoctor } from "./doctor.js";
import { EXIT } from "./failure.js";
import { addGrant } from "./grant.js";
import { addJob } from "./job.js";
import { addLedger } from "./ledger.js";
import { addLogin } from "./login.js";
import { addModel } from "./model.js";
import { addPrincipal } from "./principal.js";
import { addPrivacy } from "./privacy.js";
import { addQuery } from "./query.js";
import { addRelease } from "./release.js";
import { addRestore } from "./restore.js";
import { addRun } from "./run.js";
import { arrangeRun } from "./run-arguments.js";
import { addScrub } from "./scrub.js";
import { languageOf } from "./settings.js";
import { addSurvival } from "./survival.js";
import { addTable } from "./table.js";
import { addUp } from "./up.js";
import { addVerify } from "./verify.js";
import { addWorker } from "./worker.js";

type AddCommand = (program: Command, terminal: Terminal) => void;

const COMMANDS: readonly AddCommand[] = [
  addUp,
  addWorker,
  addDemo,
  addDoctor,
  addLogin,
  addPrincipal,
  addDataset,
  addGrant,
  addRun,
  addTable,
  addModel,
  addSurvival,
  addJob,
  addQuery,
  addCollab,
  addRelease,
  addVerify,
  addLedger,
  addPrivacy,
  addBackup,
  addRestore,
  addScrub,
  addBench,
];

export function createProgram(terminal: Terminal, version: string): Command {
  const zh = languageOf({}, terminal.env) === "zh";
  const program = new Command("glovebox")
    .description(
      zh
        ? "原始数据不出域，数据可用不可见。"
        : "Work on data that never leaves its domain: the data can be used, never seen.",
    )
    .version(version)
    .enablePositionalOptions()
    .showHelpAfterError(zh ? "（加 --help 查看用法）" : "(--help shows the usage)")
    .configureOutput({
      writeOut: (text) => terminal.stdout.write(text),
      writeErr: (text) => terminal.stderr.write(text),
    })
    .exitOverride();
  program.addHelpText("after", `\n${zh ? "示例" : "Example"}:\n  $ glovebox demo`);
  for (const add of COMMANDS) add(program, terminal);
  return program;
}

/** Runs one command line; sets the exit code. */
export async function runProgram(
  argv: readonly string[],
  terminal: Terminal,
  version: string,
): Promise<void> {
  const program = createProgram(terminal, version);
  try {
    const words = argv[0] === "run" ? ["run", ...arrangeRun(argv.slice(1), existsSync)] : argv;
    await program.parseAsync(words, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    process.exitCode = error.exitCode === 0 ? EXIT.done : EXIT.usage;
    if (process.exitCode === EXIT.usage && argv.includes("--json")) {
      const detail = error.message.replace(/^error: /, "");
      terminal.stdout.write(`${JSON.stringify({ error: { code: "usage", detail } })}\n`);
    }
  }
}
