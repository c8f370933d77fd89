/** Programs that try to tell their symbol by one thing each. */

export interface Sender {
  program: string;
  outputs: string[];
  symbols: string[];
  /** How many combinations of failure class and verdict it may show: those it is charged for. */
  classes: number;
}

const READ = "symbol = int(open('/work/symbol.txt').read())\n";
const TABLE = "sex,n\\nF,40\\nM,60\\n";

export const SENDERS: Readonly<Record<string, Sender>> = {
  "exit code": {
    program: `${READ}import sys\nsys.exit(symbol)\n`,
    outputs: [],
    symbols: ["0", "1", "3", "77", "255"],
    classes: 2,
  },
  signal: {
    program: `${READ}import os\nos.kill(os.getpid(), symbol)\n`,
    outputs: [],
    symbols: ["6", "8", "11", "15"],
    classes: 1,
  },
  "number of outputs": {
    program: `${READ}for n in range(symbol):\n    open(f'/out/t{n}.csv', 'w').write('${TABLE}')\n`,
    outputs: ["t0.csv", "t1.csv", "t2.csv", "t3.csv"],
    symbols: ["0", "1", "2", "4"],
    classes: 3,
  },
  "names of outputs": {
    program: `${READ}for n in range(4):\n    open(f'/out/{"t" if symbol >> n & 1 else "x"}{n}.csv', 'w').write('${TABLE}')\n`,
    outputs: ["t0.csv", "t1.csv", "t2.csv", "t3.csv"],
    symbols: ["1", "2", "5", "10"],
    classes: 2,
  },
  "order of outputs": {
    program: `${READ}import itertools\nfor n in list(itertools.permutations(range(4)))[symbol]:\n    open(f'/out/t{n}.csv', 'w').write('${TABLE}')\n`,
    outputs: ["t0.csv", "t1.csv", "t2.csv", "t3.csv"],
    symbols: ["0", "7", "12", "23"],
    classes: 1,
  },
  "size of an output": {
    program: `${READ}open('/out/t.csv', 'w').write('sex,n\\n' + ''.join(f'g{i},{40 + i}\\n' for i in range(symbol)))\n`,
    outputs: ["t.csv"],
    symbols: ["1", "2", "20", "60"],
    classes: 3,
  },
  "log volume": {
    program: `${READ}print('x' * symbol)\n`,
    outputs: [],
    symbols: ["0", "10", "10000", "1000000"],
    classes: 3,
  },
  "memory at its highest": {
    program: `${READ}b = bytearray(symbol << 20)\nb[::4096] = b'x' * len(b[::4096])\n`,
    outputs: [],
    symbols: ["1", "100", "300", "600"],
    classes: 1,
  },
  "pattern of processor use": {
    program: `${READ}import time\nfor n in range(8):\n    end = time.time() + 0.05\n    while symbol >> n & 1 and time.time() < end: pass\n    time.sleep(max(0, end - time.time()))\n`,
    outputs: [],
    symbols: ["0", "85", "170", "255"],
    classes: 1,
  },
  "limit that is reached": {
    program: `${READ}import os\nif symbol == 1:\n    b = []\n    while True: b.append(bytearray(b'x') * (8 << 20))\nif symbol == 2:\n    while True: os.fork()\nif symbol == 3:\n    open('/out/x', 'wb').write(b'x' * (300 << 20))\n`,
    outputs: [],
    symbols: ["0", "1", "2", "3"],
    classes: 5,
  },
};
