import { describe, expect, test } from "@jest/globals";
import { compileFilter } from "../../src/sandbox/seccomp/bpf.js";
import { engineProfile } from "../../src/sandbox/seccomp/docker.js";
import {
  AUDIT_ARCH,
  FIRST_UNKNOWN,
  MACHINES,
  type Machine,
  SYSCALL_NUMBERS,
} from "../../src/sandbox/seccomp/numbers.js";
import {
  ALLOWED,
  allowedRules,
  BECOME_NOBODY,
  NAMESPACE_FLAGS,
  REFUSED,
  UNKNOWN,
} from "../../src/sandbox/seccomp/profile.js";

const ALLOW = 0x7fff0000;
const EPERM = 0x00050001;
const ENOSYS = 0x00050026;
const KILL = 0x80000000;

interface Call {
  arch?: number;
  number: number;
  args?: bigint[];
}

/** The kernel's interpreter, for the instructions that the compiler uses. */
function interpret(filter: Buffer, machine: Machine, { arch, number, args = [] }: Call): number {
  const data = Buffer.alloc(64);
  data.writeUInt32LE(number >>> 0, 0);
  data.writeUInt32LE(arch ?? AUDIT_ARCH[machine], 4);
  for (const [i, value] of args.entries()) data.writeBigUInt64LE(BigInt.asUintN(64, value), 16 + 8 * i);
  let accumulator = 0;
  for (let pc = 0; ; pc++) {
    const [code, jt, jf, k] = [
      filter.readUInt16LE(pc * 8),
      filter[pc * 8 + 2]!,
      filter[pc * 8 + 3]!,
      filter.readUInt32LE(pc * 8 + 4),
    ];
    if (code === 0x20) accumulator = data.readUInt32LE(k);
    else if (code === 0x54) accumulator = (accumulator & k) >>> 0;
    else if (code === 0x05) pc += k;
    else if (code === 0x15) pc += accumulator === k ? jt : jf;
    else if (code === 0x35) pc += accumulator >= k ? jt : jf;
    else if (code === 0x06) return k;
    else throw new Error(`instruction ${code}`);
  }
}

const numberOf = (name: string, machine: Machine): number | null =>
  SYSCALL_NUMBERS[name]![MACHINES.indexOf(machine)]!;

describe.each(MACHINES)("the filter for %s", (machine) => {
  const filter = compileFilter(allowedRules("confinement"), machine);
  const run = (name: string, ...args: bigint[]): number => {
    const number = numberOf(name, machine);
    return number === null ? EPERM : interpret(filter, machine, { number, args });
  };

  test("gives every call of the tables its verdict, and every other number a refusal", () => {
    const allowed = new Set<number>();
    for (const rule of allowedRules("confinement")) {
      for (const name of rule.calls) {
        const number = numberOf(name, machine);
        if (number === null) continue;
        allowed.add(number);
        if (!rule.when) expect([name, interpret(filter, machine, { number })]).toEqual([name, ALLOW]);
      }
    }
    const unknown = new Set(UNKNOWN.calls.map((name) => numberOf(name, machine)));
    for (let number = 0; number < 1000; number++) {
      if (allowed.has(number)) continue;
      const verdict = unknown.has(number) || number >= FIRST_UNKNOWN ? ENOSYS : EPERM;
      expect([number, interpret(filter, machine, { number })]).toEqual([number, verdict]);
    }
  });

  test("kills another ABI and the numbers of x32", () => {
    for (const arch of [0x40000003, 0x40000028, 0xc000003e, 0xc00000b7, 0]) {
      const verdict = interpret(filter, machine, { arch, number: 0 });
      if (arch !== AUDIT_ARCH[machine]) expect(verdict).toBe(KILL);
    }
    expect(interpret(filter, machine, { number: 0x40000000 })).toBe(KILL);
    expect(interpret(filter, machine, { number: -1 })).toBe(KILL);
  });

  test("lets a thread be made and no namespace, whatever the other bits", () => {
    expect(run("clone", 0x3d0f00n)).toBe(ALLOW);
    expect(run("clone", 17n)).toBe(ALLOW);
    for (let bit = 0; bit < 32; bit++) {
      const flag = 2 ** bit;
      const isNamespace = (flag & NAMESPACE_FLAGS) !== 0;
      expect([bit, run("clone", BigInt(flag))]).toEqual([bit, isNamespace ? EPERM : ALLOW]);
    }
    expect(run("clone", 0xffffffffffffffffn)).toBe(EPERM);
  });

  test("opens AF_UNIX sockets only, high bits looked at", () => {
    for (const call of ["socket", "socketpair"]) {
      for (let family = 0n; family < 64n; family++) {
        expect([family, run(call, family)]).toEqual([family, family === 1n ? ALLOW : EPERM]);
      }
      expect(run(call, (1n << 32n) | 1n)).toBe(EPERM);
      expect(run(call, -1n)).toBe(EPERM);
    }
  });

  test("asks for the personality and does not change it", () => {
    expect([run("personality", 0n), run("personality", 0xffffffffn)]).toEqual([ALLOW, ALLOW]);
    expect([run("personality", 0x40000n), run("personality", 8n)]).toEqual([EPERM, EPERM]);
  });
});

describe("the profile", () => {
  const listed = [...ALLOWED, BECOME_NOBODY].flatMap(({ calls }) => [...calls]);

  test("refuses by name what it refuses on purpose, and lists no call twice", () => {
    const all = [...listed, ...REFUSED.flatMap(({ calls }) => [...calls]), ...UNKNOWN.calls];
    expect(all.filter((name, i) => all.indexOf(name) !== i)).toEqual([]);
  });

  test("gives a reason for every line", () => {
    for (const { why } of [...ALLOWED, ...REFUSED, UNKNOWN, BECOME_NOBODY])
      expect(why.length).toBeGreaterThan(5);
  });

  test("reaches the engine unchanged", () => {
    const profile: {
      defaultAction: string;
      archMap: { subArchitectures: string[] }[];
      syscalls: { names: string[]; action: string; args: { value: number; op: string }[] }[];
    } = JSON.parse(engineProfile());
    expect(profile.defaultAction).toBe("SCMP_ACT_ERRNO");
    expect(profile.archMap.flatMap(({ subArchitectures }) => subArchitectures)).toEqual([]);
    const allowed = profile.syscalls.filter(({ action }) => action === "SCMP_ACT_ALLOW");
    expect(new Set(allowed.flatMap(({ names }) => names))).toEqual(
      new Set(ALLOWED.flatMap(({ calls }) => [...calls])),
    );
    const sockets = allowed.filter(({ names }) => names.includes("socket"));
    expect(sockets.map(({ args }) => args)).toEqual([
      [expect.objectContaining({ value: 1, op: "SCMP_CMP_EQ" })],
    ]);
  });
});
