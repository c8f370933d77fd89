/** What the self-test must find; pure, so that `doctor` and the tests judge alike. */

/** Attempts that must succeed, or the confinement is too tight to work in. */
const MUST_SUCCEED: readonly string[] = ["use its own scratch"];

/** Killing init from inside is accepted by the kernel and has no effect: what counts is that the report arrives. */
const WITHOUT_EFFECT: readonly string[] = ["kill the reaper"];

const STATE: Readonly<Record<string, string>> = {
  "status NoNewPrivs": "1",
  "status Seccomp": "2",
  "status CapEff": "0000000000000000",
  "status CapPrm": "0000000000000000",
  "status CapBnd": "0000000000000000",
  "status Uid": "65534 65534 65534 65534",
  "status Gid": "65534 65534 65534 65534",
  hostname: "glovebox",
  "processes in sight": "2",
  "root folder": "bin dev etc glovebox lib lib64 proc tmp usr",
};

/** Each way in which the report differs from what it must be; names of attempts only. Empty: the confinement holds. */
export function selftestProblems(report: Readonly<Record<string, string>>): string[] {
  const problems: string[] = [];
  for (const [name, result] of Object.entries(report)) {
    const succeeded = result === "done";
    if (MUST_SUCCEED.includes(name) ? !succeeded : succeeded && !WITHOUT_EFFECT.includes(name))
      problems.push(name);
  }
  for (const [name, value] of Object.entries(STATE)) if (report[name] !== value) problems.push(name);
  for (const name of MUST_SUCCEED) if (!(name in report)) problems.push(name);
  return problems;
}
