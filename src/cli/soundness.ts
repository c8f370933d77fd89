/** What people read of the two checks of a node's data: that of its vault and database, and that of its log. */
import type { AuditReport } from "../ledger/index.js";
import type { ScrubProblem, ScrubReport } from "../store/index.js";
import type { Context } from "./command.js";
import { plain, size } from "./terminal.js";

export function auditLines({ say }: Context, report: AuditReport): string[] {
  const head = report.ok
    ? say(
        `The log of ${report.size} entries is whole; it agrees with ${report.checkpoints} checkpoints.`,
        `账本共 ${report.size} 条记录，完整无误，与 ${report.checkpoints} 个检查点一致。`,
      )
    : say("THE LOG IS NOT WHOLE.", "账本不完整。");
  return [
    head,
    ...report.problems.map((p) => plain(`  ✗ ${p.seq === undefined ? "" : `entry ${p.seq}: `}${p.what}`)),
  ];
}

export function scrubLines({ say }: Context, report: ScrubReport): string[] {
  const head = report.ok
    ? say(
        `All ${report.whole} objects (${size(report.bytes)}) are whole.`,
        `全部 ${report.whole} 个对象（${size(report.bytes)}）完整。`,
      )
    : say(
        `${report.whole} objects are whole, ${report.problems.length} problems:`,
        `${report.whole} 个对象完整，发现 ${report.problems.length} 个问题：`,
      );
  return [head, ...report.problems.map((problem) => plain(`  ✗ ${problemLine(problem)}`))];
}

function problemLine({ what, object, named_by, detail }: ScrubProblem): string {
  const by = named_by === undefined ? "" : ` (${named_by})`;
  return object === undefined ? `${what}: ${detail ?? ""}` : `${what}: ${object}${by}`;
}
