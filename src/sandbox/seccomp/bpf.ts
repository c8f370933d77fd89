/**
 * The profile as a classic BPF program, for processes that no container engine starts.
 *
 * Shape: the machine first (another ABI dies), then a binary search over ranges of call numbers that end in the
 * same verdict, then tests of arguments. Pure: rules in, bytes out.
 */
import { AUDIT_ARCH, FIRST_UNKNOWN, MACHINES, type Machine, SYSCALL_NUMBERS } from "./numbers.js";
import { type ArgumentTest, ENOSYS, EPERM, type SyscallRule, UNKNOWN } from "./profile.js";

interface Instruction {
  code: number;
  jt: number;
  jf: number;
  k: number;
}

const LOAD = 0x20; // BPF_LD | BPF_W | BPF_ABS
const AND = 0x54; // BPF_ALU | BPF_AND | BPF_K
const JUMP = 0x05; // BPF_JMP | BPF_JA
const JUMP_EQUAL = 0x15; // BPF_JMP | BPF_JEQ | BPF_K
const JUMP_AT_LEAST = 0x35; // BPF_JMP | BPF_JGE | BPF_K
const RETURN = 0x06; // BPF_RET | BPF_K

const ALLOW = 0x7fff0000;
const KILL = 0x80000000;
const refuse = (errno: number): number => 0x00050000 | errno;

/** Offsets into struct seccomp_data; both machines are little-endian. */
const NUMBER = 0;
const ARCH = 4;
const low = (argument: number): number => 16 + 8 * argument;
const high = (argument: number): number => low(argument) + 4;
/** Numbers from here on are the x32 ABI of an x86_64 kernel. */
const X32 = 0x40000000;

/** What happens to a call: a fixed verdict, or one that its arguments decide. */
type Verdict = number | ArgumentTest;

const op = (code: number, k: number, jt = 0, jf = 0): Instruction => ({ code, jt, jf, k });

function verdicts(rules: readonly SyscallRule[], machine: Machine): Map<number, Verdict> {
  const column = MACHINES.indexOf(machine);
  const table = new Map<number, Verdict>();
  const put = (name: string, verdict: Verdict): void => {
    const numbers = SYSCALL_NUMBERS[name];
    if (!numbers) throw new Error(`seccomp: no number for ${name}`);
    const number = numbers[column];
    if (number === null || number === undefined) return;
    if (table.has(number)) throw new Error(`seccomp: ${name} is listed twice`);
    table.set(number, verdict);
  };
  for (const rule of rules) for (const name of rule.calls) put(name, rule.when ?? ALLOW);
  for (const name of UNKNOWN.calls) put(name, refuse(ENOSYS));
  return table;
}

/** Ranges from 0 upwards, each with the verdict that holds until the next begins. */
function ranges(table: Map<number, Verdict>): { from: number; verdict: Verdict }[] {
  const list: { from: number; verdict: Verdict }[] = [];
  for (let number = 0; number < FIRST_UNKNOWN; number++) {
    const verdict = table.get(number) ?? refuse(EPERM);
    if (list.at(-1)?.verdict !== verdict || typeof verdict !== "number") list.push({ from: number, verdict });
  }
  list.push({ from: FIRST_UNKNOWN, verdict: refuse(ENOSYS) }, { from: X32, verdict: KILL });
  return list;
}

function argumentTest(test: ArgumentTest): Instruction[] {
  if ("noneOf" in test) {
    return [
      op(LOAD, low(test.index)),
      op(AND, test.noneOf),
      op(JUMP_EQUAL, 0, 0, 1),
      op(RETURN, ALLOW),
      op(RETURN, refuse(EPERM)),
    ];
  }
  const values = test.oneOf;
  const compare = values.map((value, i) =>
    op(JUMP_EQUAL, value, values.length - 1 - i, i === values.length - 1 ? 1 : 0),
  );
  return [
    op(LOAD, high(test.index)),
    op(JUMP_EQUAL, 0, 0, compare.length + 2),
    op(LOAD, low(test.index)),
    ...compare,
    op(RETURN, ALLOW),
    op(RETURN, refuse(EPERM)),
  ];
}

function search(list: { from: number; verdict: Verdict }[]): Instruction[] {
  const only = list[0]!;
  if (list.length === 1) {
    return typeof only.verdict === "number" ? [op(RETURN, only.verdict)] : argumentTest(only.verdict);
  }
  const middle = list.length >> 1;
  const left = search(list.slice(0, middle));
  const right = search(list.slice(middle));
  return [op(JUMP_AT_LEAST, list[middle]!.from, 0, 1), op(JUMP, left.length), ...left, ...right];
}

/** The filter for one machine, as struct sock_filter[] in bytes. */
export function compileFilter(rules: readonly SyscallRule[], machine: Machine): Buffer {
  const program = [
    op(LOAD, ARCH),
    op(JUMP_EQUAL, AUDIT_ARCH[machine], 1, 0),
    op(RETURN, KILL),
    op(LOAD, NUMBER),
    ...search(ranges(verdicts(rules, machine))),
  ];
  const bytes = Buffer.alloc(program.length * 8);
  program.forEach((instruction, i) => {
    bytes.writeUInt16LE(instruction.code, i * 8);
    bytes.writeUInt8(instruction.jt, i * 8 + 2);
    bytes.writeUInt8(instruction.jf, i * 8 + 3);
    bytes.writeUInt32LE(instruction.k >>> 0, i * 8 + 4);
  });
  return bytes;
}

/** The machine this process runs on, if the table knows it. */
export function thisMachine(arch: string = process.arch): Machine | undefined {
  return MACHINES.find((machine) => machine === arch);
}
