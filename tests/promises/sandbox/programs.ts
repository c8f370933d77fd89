/** The hostile programs as they lie in their folders: what each is written in, how it is brought in, what it needs. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Limits } from "../../../src/sandbox/index.js";
import { thisMachine } from "../../../src/sandbox/seccomp/bpf.js";
import { FIRST_UNKNOWN, MACHINES, SYSCALL_NUMBERS } from "../../../src/sandbox/seccomp/numbers.js";
import { allowedRules, REFUSED, UNKNOWN } from "../../../src/sandbox/seccomp/profile.js";
import type { Difference, Must } from "./must.js";

export const CATEGORIES = [
  "escapes",
  "network",
  "exhaustion",
  "output tricks",
  "covert channels",
  "neighbours",
] as const;
export type Category = (typeof CATEGORIES)[number];

/** expect.json. */
export interface Expectation {
  category: Category;
  /** The claim. */
  states: string;
  /** Too long for every commit, or needs an image that not every machine has built. */
  full?: boolean;
  limits?: Partial<Limits>;
  outputs?: string[];
  command?: string[];
  max_output_bytes?: number;
  must: Must;
}

interface Language {
  main: string;
  image: string;
  command: string[];
}
const LANGUAGES: readonly Language[] = [
  { main: "main.py", image: "python", command: ["python3", "main.py"] },
  { main: "main.c", image: "python", command: ["python3", "native.py"] },
  { main: "main.sh", image: "python", command: ["sh", "main.sh"] },
  { main: "main.R", image: "r", command: ["Rscript", "main.R"] },
];

export interface HostileProgram extends Expectation {
  name: string;
  image: string;
  command: string[];
  files: Record<string, Buffer>;
  /** Runs of the same node that come before the program, and beside it: Python, in files of these names. */
  before: boolean;
  beside: boolean;
}

const here = dirname(fileURLToPath(import.meta.url));
const given = join(here, "_given");

const filesOf = (folder: string, skip: readonly string[]): Record<string, Buffer> =>
  Object.fromEntries(
    readdirSync(folder)
      .filter((name) => !skip.includes(name) && !name.startsWith("__"))
      .map((name) => [name, readFileSync(join(folder, name))]),
  );

function numbers(): Record<string, number> {
  const machine = thisMachine();
  const column = machine ? MACHINES.indexOf(machine) : -1;
  return Object.fromEntries(
    Object.entries(SYSCALL_NUMBERS).flatMap(([name, row]) => {
      const number = row[column];
      return typeof number === "number" ? [[name, number]] : [];
    }),
  );
}

/** numbers.h: what C programs need of the profile. */
function numbersHeader(): string {
  const own = numbers();
  const lines = Object.keys(SYSCALL_NUMBERS).map((name) => `#define NR_${name} (${own[name] ?? -1}L)`);
  const allowed = allowedRules("container").flatMap(({ calls }) => calls.map((name) => own[name] ?? -1));
  lines.push(`#define FIRST_UNKNOWN ${FIRST_UNKNOWN}`);
  lines.push(`static const long ALLOWED[] __attribute__((unused)) = {${allowed.join(",")}};`);
  return `${lines.join("\n")}\n`;
}

/** Compiles a program without anything of the machine that it will run on: static, at whatever address. */
function compile(source: string): Buffer {
  const folder = mkdtempSync(join(tmpdir(), "glovebox-hostile-"));
  try {
    writeFileSync(join(folder, "numbers.h"), numbersHeader());
    const flags = ["-static-pie", "-fPIE", "-O1", "-Wall", "-Werror", "-Wno-unused-function"];
    const out = join(folder, "program");
    const args = [...flags, `-I${folder}`, `-I${given}`, "-o", out, source, "-lpthread"];
    const { status, error, stderr } = spawnSync("gcc", args, { encoding: "utf8" });
    if (error)
      throw new Error("hostile programs in C need a compiler: apt-get install gcc libc6-dev", {
        cause: error,
      });
    if (status !== 0) throw new Error(`${source} does not compile: ${stderr}`);
    return readFileSync(out);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Read by every program beside its own files. */
function common(): Record<string, Buffer> {
  const refused = [...REFUSED, UNKNOWN].flatMap(({ calls }) => [...calls]);
  return {
    ...filesOf(given, ["attempts.h"]),
    "syscalls.json": Buffer.from(JSON.stringify(numbers())),
    "refused.json": Buffer.from(JSON.stringify(refused)),
  };
}

export const programNames = (): string[] =>
  readdirSync(here, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(here, entry.name, "expect.json")))
    .map((entry) => entry.name)
    .sort();

export const readExpectation = (name: string): Expectation =>
  JSON.parse(readFileSync(join(here, name, "expect.json"), "utf8"));

/** By program: what is different at a level. */
export function differencesAt(level: string): Record<string, Difference> {
  const file = join(here, "_levels", `${level}.json`);
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {};
}

export const languageOf = (name: string): Language => {
  const found = LANGUAGES.find(({ main }) => existsSync(join(here, name, main)));
  if (!found) throw new Error(`${name} has no program`);
  return found;
};

/** Everything that a run of it needs; compiles what must be compiled. */
export function readProgram(name: string): HostileProgram {
  const folder = join(here, name);
  const { main, image, command } = languageOf(name);
  const files = { ...common(), ...filesOf(folder, ["expect.json", "main.c"]) };
  if (main === "main.c") files.program = compile(join(folder, main));
  return {
    command,
    ...readExpectation(name),
    name,
    image,
    files,
    before: existsSync(join(folder, "before.py")),
    beside: existsSync(join(folder, "beside.py")),
  };
}
