/** SELECT count(*) AS n FROM t GROUP BY town, where towns are private. */
import type { Plan } from "../../../src/privacy/index.js";

export const PLAN: Plan = {
  tables: ["t"],
  relation: {
    kind: "table",
    table: 0,
    places: [0],
    fields: [{ name: "town", column: "x1", type: "text", nullable: true, isUnit: false }],
    perUnit: 1n,
  },
  groups: [{ value: { op: "column", name: "x1" }, type: "text" }],
  hasPrivateGroups: true,
  threshold: 0,
  groupsPerUnit: 1n,
  exacts: [{ kind: "rows" }],
  measurements: [{ terms: [{ exact: 0, factor: 1n }], perRow: 1n, weight: 1 }],
  bisections: [],
  estimates: [{ kind: "count", of: 0 }],
  outputs: [{ name: "n", type: "integer", value: { op: "column", name: "a0" } }],
  order: [],
  offset: 0,
};
