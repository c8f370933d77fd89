import { visibleSize } from "../ledger-visibility.js";
import { defineRoute } from "../route.js";

export const getCheckpoint = defineRoute({
  name: "getCheckpoint",
  method: "get",
  path: "/ledger/checkpoint",
  tag: "ledger",
  summary: "The signed head of the log; submitters get it as of the last full hour",
  summary_zh: "存证账本检查点",
  permission: "ledger.read",
  responses: { 200: { description: "C2SP signed note", media: ["text/plain"] } },
  handler({ deps, actor }) {
    const { note } = deps.ledger.checkpoint(visibleSize(deps.ledger, actor, deps.clock.now()));
    return { kind: "text", media: "text/plain; charset=utf-8", body: note };
  },
});
