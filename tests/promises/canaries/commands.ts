/**
 * Every command of the command line, as a person with a profile runs it. The commands come from the program itself;
 * one that is neither asked here nor excused fails the sweep.
 */
import { createProgram } from "../../../src/cli/program.js";
import { allCommands, nameOf } from "../../../src/cli/reference.js";
import type { Ran, Terminal } from "../../cli/fixture.js";

export interface Named {
  dataset: string;
  job: string;
  release: string;
  script: string;
  /** A folder of the person's own, for what is downloaded. */
  folder: string;
}

/** What is typed after `glovebox`; in the order of typing. */
const TYPED: Record<string, (n: Named) => string[]> = {
  "glovebox principal list": () => ["principal", "list"],
  "glovebox dataset list": () => ["dataset", "list"],
  "glovebox dataset show": (n) => ["dataset", "show", n.dataset],
  "glovebox dataset compare": (n) => ["dataset", "compare", n.dataset, "chg_00000000000000000000000000"],
  "glovebox dataset synth": (n) => ["dataset", "synth", n.dataset, "-o", `${n.folder}/twin.csv`],
  "glovebox dataset add": (n) => ["dataset", "add", n.script, "--name", "mine"],
  "glovebox dataset put": (n) => ["dataset", "put", n.dataset, n.script],
  "glovebox dataset assess": (n) => ["dataset", "assess", n.dataset],
  "glovebox dataset publish": (n) => ["dataset", "publish", n.dataset],
  "glovebox dataset suspend": (n) => ["dataset", "suspend", n.dataset],
  "glovebox dataset retire": (n) => ["dataset", "retire", n.dataset],
  "glovebox grant list": () => ["grant", "list"],
  "glovebox grant request": (n) => [
    "grant",
    "request",
    "--dataset",
    n.dataset,
    "--purpose",
    "p",
    "--access",
    "sandbox",
  ],
  "glovebox job list": () => ["job", "list"],
  "glovebox job show": (n) => ["job", "show", n.job],
  "glovebox job wait": (n) => ["job", "wait", n.job],
  "glovebox job outputs": (n) => ["job", "outputs", n.job, "-o", n.folder],
  "glovebox release list": () => ["release", "list"],
  "glovebox release show": (n) => ["release", "show", n.release],
  "glovebox release request": (n) => ["release", "request", n.job, "values.csv", "--why", "w"],
  "glovebox release download": (n) => ["release", "download", n.release, "-o", n.folder],
  "glovebox release review": (n) => ["release", "review", n.release, "--approve"],
  "glovebox ledger head": () => ["ledger", "head"],
  "glovebox ledger show": () => ["ledger", "show"],
  "glovebox run": (n) => ["run", "--dataset", n.dataset, "--image", "none", "--out", "x.csv", n.script],
  "glovebox dataset release-policy": (n) => ["dataset", "release-policy", n.dataset],
  "glovebox table": (n) => ["table", "--dataset", n.dataset, "--rows", "town"],
  "glovebox query": (n) => [
    "query",
    "--dataset",
    n.dataset,
    "--epsilon",
    "0.01",
    `SELECT count(*) FROM ${n.dataset}`,
  ],
  "glovebox model": (n) => ["model", "logit", "town ~ amount", "--dataset", n.dataset],
  "glovebox survival": (n) => ["survival", "amount", "amount", "--dataset", n.dataset],
  "glovebox dataset disclosure": (n) => ["dataset", "disclosure", n.dataset],
  "glovebox job safe": (n) => ["job", "safe", n.job, "values.csv"],
  "glovebox collab domain": () => ["collab", "domain"],
  "glovebox collab list": () => ["collab", "list"],
  "glovebox collab peers": () => ["collab", "peers"],
  "glovebox collab show": () => ["collab", "show", "none"],
  "glovebox verify": (n) => ["verify", n.script],
};

/** Not asked, and why. */
const EXCUSED: [RegExp, string][] = [
  [
    / (up|demo|bench|worker|worker add|worker revoke)$/,
    "starts processes of the node's own; its log is swept",
  ],
  [/ (backup|restore|scrub|ledger audit|doctor)$/, "for whoever has the data directory; swept beside it"],
  [/ privacy /, "a calculator: it knows no data"],
  [/ login$/, "typed when the person is made"],
  [/ principal (add|revoke)$/, "changes nothing of the data, and is asked over HTTP"],
  [/ grant (add|approve|refuse|revoke)$/, "the owner's, and asked over HTTP"],
  [/ job (cancel|close)$/, "would end what is looked at; asked over HTTP"],
  [
    / collab (propose|accept|join|suspend|resume|withdraw|end|revoke|rotate|stat|result)$/,
    "the operator's, and asked over HTTP",
  ],
  [/ release (submit|withdraw)$/, "would change what is looked at; asked over HTTP"],
];

/** Commands that nobody would type, and entries that no command has. */
export function uncoveredCommands(): string[] {
  const program = createProgram({ stdout: process.stdout, stderr: process.stderr, env: {} }, "0.0.0");
  const acting = allCommands(program)
    .filter((command) => command.commands.length === 0 || command.registeredArguments.length > 0)
    .map(nameOf);
  return [
    ...acting.filter((name) => !TYPED[name] && !EXCUSED.some(([excused]) => excused.test(name))),
    ...Object.keys(TYPED).filter((name) => !acting.includes(name)),
  ];
}

/** Types everything that `only` allows; what each said. */
export async function typeAll(terminal: Terminal, named: Named, only = /./): Promise<[string, Ran][]> {
  const said: [string, Ran][] = [];
  for (const [name, words] of Object.entries(TYPED))
    if (only.test(name)) said.push([name, await terminal.run(...words(named))]);
  return said;
}
