/** The same profile in the form that container engines read. */
import { type ArgumentTest, allowedRules, ENOSYS, EPERM, type SyscallRule, UNKNOWN } from "./profile.js";

interface EngineArgument {
  index: number;
  value: number;
  valueTwo: number;
  op: "SCMP_CMP_MASKED_EQ" | "SCMP_CMP_EQ";
}
interface EngineRule {
  names: readonly string[];
  action: "SCMP_ACT_ALLOW" | "SCMP_ACT_ERRNO";
  errnoRet?: number;
  args: EngineArgument[];
  comment: string;
}

/** Each inner list is one rule: the engine joins rules by "or". */
function tests(test: ArgumentTest | undefined): EngineArgument[][] {
  if (!test) return [[]];
  if ("noneOf" in test) {
    return [[{ index: test.index, value: test.noneOf, valueTwo: 0, op: "SCMP_CMP_MASKED_EQ" }]];
  }
  return test.oneOf.map((value) => [{ index: test.index, value, valueTwo: 0, op: "SCMP_CMP_EQ" }]);
}

const allow = (rule: SyscallRule): EngineRule[] =>
  tests(rule.when).map((args) => ({ names: rule.calls, action: "SCMP_ACT_ALLOW", args, comment: rule.why }));

/** JSON for the `seccomp=` security option. Other ABIs of the machine are not listed, so they are killed. */
export function engineProfile(): string {
  return JSON.stringify({
    defaultAction: "SCMP_ACT_ERRNO",
    defaultErrnoRet: EPERM,
    archMap: [
      { architecture: "SCMP_ARCH_X86_64", subArchitectures: [] },
      { architecture: "SCMP_ARCH_AARCH64", subArchitectures: [] },
    ],
    syscalls: [
      ...allowedRules("container").flatMap(allow),
      { names: UNKNOWN.calls, action: "SCMP_ACT_ERRNO", errnoRet: ENOSYS, args: [], comment: UNKNOWN.why },
    ] satisfies EngineRule[],
  });
}
