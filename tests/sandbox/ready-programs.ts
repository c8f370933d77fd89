/** Programs for the comparison of a cold start with a ready container, and the comparison. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { findEngine } from "../../src/sandbox/index.js";
import { type Bench, dockerBench, type Ended, type Program, runProgram } from "./harness.js";
import { alwaysReady } from "./ready-bench.js";

interface Case extends Pick<Program, "files" | "command" | "env"> {
  name: string;
  quick?: true;
}

/** Everything about its start that a program can ask Python for. */
const FACTS = `
import pandas
import sys, os, inspect, json, signal, threading, warnings, builtins, gc
facts = {
  # What it was started with stays there: whether it is the interpreter that waited.
  "waited": b"PYTHONPATH=" in open("/proc/self/environ", "rb").read(),
  "argv": sys.argv, "orig_argv": sys.orig_argv, "file": __file__, "name": __name__, "path": sys.path,
  "flags": str(sys.flags), "options": sys._xoptions, "cwd": os.getcwd(), "environ": dict(os.environ),
  "executable": sys.executable, "modules": sorted(sys.modules), "globals": sorted(globals()),
  "main": sys.modules["__main__"].__dict__ is globals(), "frames": len(inspect.stack()),
  "loader": type(__loader__).__name__, "spec": __spec__, "annotations": "__annotations__" in globals(),
  "signals": [str(signal.getsignal(n)) for n in (2, 13, 15, 25)], "threads": threading.active_count(),
  "filters": len(warnings.filters), "hash": hash("seed"), "stdin": sys.stdin.read(), "fds": sorted(os.listdir("/proc/self/fd")),
  "buffered": [sys.stdout.line_buffering, sys.stdout.write_through, sys.stderr.encoding],
  "recursion": sys.getrecursionlimit(), "gc": [gc.isenabled(), gc.get_threshold(), gc.get_freeze_count()],
  "hooks": [str(type(h)) for h in sys.meta_path], 
  "listed": {top: sorted(os.listdir(top)) for top in ("/", "/work", "/data", "/out", "/tmp", "/dev/shm")},
  "who": [os.getuid() >= 1900000000, os.getgid(), os.getgroups()], 
  "command": open("/proc/self/cmdline").read().rstrip(chr(0)).split(chr(0)),
  "mounts": sorted(" ".join(line.split()[i] for i in (4, 5)) for line in open("/proc/self/mountinfo")),
}
def depth(n=0):
  try: return depth(n + 1)
  except RecursionError: return n
facts["depth"] = depth()
print(json.dumps(facts, default=str))
`;

const P = "import pandas\n";
const CASES: readonly Case[] = [
  {
    name: "all that it can ask about its start",
    quick: true,
    files: { "main.py": FACTS },
    command: ["python3", "main.py", "a", "b c", "--d=é", ""],
    env: { GLOVEBOX_X: 'quo"te\nline\\' },
  },
  {
    name: "a name with a dot before it",
    files: { "main.py": FACTS },
    command: ["python3", "./main.py"],
  },
  {
    name: "an absolute name",
    files: { "main.py": FACTS },
    command: ["python3", "/work/main.py"],
  },
  {
    name: "a program in a folder",
    files: { "sub/über.py": `${FACTS}\nimport beside`, "sub/beside.py": "print('beside')" },
    command: ["python3", "sub/über.py", "x"],
  },
  {
    name: "an error's traceback",
    quick: true,
    files: {
      "main.py": `${P}def f(x):\n  return {}[x]\ntry:\n  f(1)\nexcept KeyError as e:\n  raise ValueError('so') from e\n`,
    },
  },
  {
    name: "a status",
    files: { "main.py": `${P}import sys\nprint('x', end='')\nsys.exit(7)\n` },
  },
  {
    name: "a message as status",
    files: { "main.py": `${P}raise SystemExit('no good')\n` },
  },
  {
    name: "what is left for the end",
    quick: true,
    files: {
      "main.py": `${P}import atexit, threading, time\natexit.register(print, 'last')\nclass D:\n  def __del__(self): print('deleted', __name__)\nd = D()\nthreading.Thread(target=lambda: (time.sleep(.1), print('thread'))).start()\nprint('main')\n`,
    },
  },
  {
    name: "an interrupt",
    files: { "main.py": `${P}import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n` },
  },
  {
    name: "death by a signal",
    files: { "main.py": `${P}import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n` },
  },
  {
    name: "a hook for errors and a warning",
    files: {
      "main.py": `${P}import sys, warnings\nwarnings.warn('careful')\nwarnings.warn('deep', stacklevel=5)\nsys.excepthook = lambda *a: print('hook', a[0])\n1/0\n`,
    },
  },
  {
    name: "processes that begin like it",
    files: {
      "main.py": `${P}import multiprocessing as m\nimport subprocess, sys\nclass C: pass\ndef f(x): return (x, __name__, type(C()).__module__)\nif __name__ == '__main__':\n  for how in ('fork', 'spawn'):\n    with m.get_context(how).Pool(1) as pool: print(pool.map(f, [1]))\n  print(subprocess.run([sys.executable, '-c', 'import sys, os; print(sys.path, sorted(os.environ))'], capture_output=True, text=True).stdout)\n`,
    },
  },
  {
    name: "numbers by what was imported",
    files: {
      "main.py": `import numpy as np\nimport pandas as pd\nprint(pd.DataFrame({'a': np.arange(5)}).describe().to_csv())\nprint(np.geterr(), pd.get_option('display.max_rows'))\n`,
    },
  },
  {
    name: "a program without the package",
    quick: true,
    files: { "main.py": FACTS.replace("import pandas\n", "") },
  },
  {
    name: "one that sets something first",
    files: {
      "main.py":
        "import os\nos.environ['OPENBLAS_NUM_THREADS'] = '3'\nimport pandas\nprint(os.environ['OPENBLAS_NUM_THREADS'])\n",
    },
  },
  {
    name: "one that brings the package itself",
    quick: true,
    files: { "main.py": "import pandas\nprint(pandas.mine)\n", "pandas.py": "mine = 1\n" },
  },
  {
    name: "one that brings what the package needs",
    files: { "main.py": "import pandas\n", "six/__init__.py": "print('six')\n" },
  },
  {
    name: "one that imports of its own first",
    files: {
      "main.py": "import own\nimport pandas\n",
      "own.py": "import sys\nprint('pandas' in sys.modules)\n",
    },
  },
  { name: "a program that is not Python", files: { "main.py": "import pandas\nprint(\n" } },
  { name: "a program that is not there", files: {}, command: ["python3", "none.py"] },
  {
    name: "a folder as program",
    files: { "it/__main__.py": "import pandas, sys\nprint(sys.argv, sys.path)\n" },
    command: ["python3", "it", "x"],
  },
  {
    name: "a line of Python",
    files: {},
    command: ["python3", "-c", "import sys; print(sys.argv, sys.path, __name__)", "y"],
  },
  {
    name: "a module",
    files: { "mod.py": "import sys; print(sys.argv, __name__, __spec__.name)" },
    command: ["python3", "-m", "mod", "z"],
  },
  {
    name: "a shell with its variables and signals",
    quick: true,
    files: {},
    command: [
      "sh",
      "-c",
      'env | sort; grep -E "Sig(Ign|Blk|Cgt)|NoNewPrivs|Seccomp:" /proc/self/status; echo "$0" "$@"; exit 3',
      "zero",
      "o'ne",
    ],
    env: { GLOVEBOX_X: "1" },
  },
];

/** Of the cases: "quick" ones stand for the others where time is short. */
export function comparison(which: "quick" | "others"): void {
  describe("a ready container", () => {
    let cold: Bench;
    let warm: Bench;
    beforeAll(async () => {
      cold = await dockerBench();
      warm = { ...cold, executor: alwaysReady({ ...findEngine()!, staging: cold.staging, node: cold.node }) };
    });
    afterAll(async () => {
      await warm.executor.sweep(new Set());
      await cold.close();
    });

    const chosen = CASES.filter(({ quick }) => (quick === true) === (which === "quick"));
    test.each(chosen)("gives a program what a cold start gives: $name", async ({ name: _, ...program }) => {
      const given = { limits: { memory_mb: 512, pids: 64 }, ...program };
      const [before, after] = [await runProgram(cold, given), await runProgram(warm, given)];
      expect(seen(after)).toEqual(seen(before));
    });

    test(
      which === "quick"
        ? "is the interpreter that waited, for a program that begins with the package, and for no other"
        : "is executed anew for a program that could tell",
      async () => {
        const programs: [string, string][] =
          which === "quick"
            ? [
                [FACTS, "true"],
                [FACTS.replace("import pandas\n", ""), "false"],
              ]
            : [
                [`import os\nos.environ["OMP_NUM_THREADS"] = "2"${FACTS}`, "false"],
                [`import main${FACTS}`, "false"],
                [`"""About."""\nfrom __future__ import annotations\nimport numpy as np, sys${FACTS}`, "true"],
                [`from . import x${FACTS}`, "false"],
              ];
        for (const [text, waited] of programs) {
          const { stdout } = await runProgram(warm, {
            files: { "main.py": text },
            limits: { memory_mb: 512 },
          });
          expect(WAITED.exec(stdout)?.[1] ?? "false").toBe(waited);
        }
      },
    );

    test("whose program does not exist, or is none, says so with the status that a container's init gives", async () => {
      for (const [command, code] of [
        [["no-such-program"], 127],
        [["/data"], 126],
      ] as const) {
        const given = { files: {}, command: [...command] };
        const [before, after] = [await runProgram(cold, given), await runProgram(warm, given)];
        expect([before.exit.exitCode, after.exit.exitCode]).toEqual([code, code]);
        expect(after.stderr).toContain(`exec ${command[0]} failed`);
      }
    });
  });
}

const WAITED = /^\{"waited": (true|false), /;

const seen = ({ stdout, stderr, exit }: Ended) => ({
  stdout: lines(stdout.replace(WAITED, "{")),
  stderr: stderr.split("\n"),
  outcome: exit.outcome,
  code: exit.exitCode,
});

/** Lines; one of JSON as what it says, so that a difference can be read. */
const lines = (text: string): unknown[] =>
  text.split("\n").map((line) => (line.startsWith('{"') ? JSON.parse(line) : line));
