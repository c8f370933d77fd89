/** The exact numbers of a plan, a cell a group: what the engine answered, brought into public order. Never shown. */
import type { ColumnType } from "../../../vocabulary/index.js";
import { compareValues, formatValue, parseValue } from "../../expression/values.js";
import type { Group, GroupValue, Plan } from "./model.js";
import { atOnce, type Steps, sortSteps } from "./steps.js";

export type EngineRow = readonly unknown[];

export interface Cell {
  key: readonly GroupValue[];
  exacts: readonly bigint[];
  /** One a bisection: rows in each leaf. */
  leaves: readonly (readonly bigint[])[];
}

const whole = (value: unknown): bigint => BigInt(String(value ?? 0));

/** A group's value in its written form. */
function written(type: ColumnType, value: unknown): GroupValue {
  if (value === null || value === undefined) return null;
  const parsed = parseValue(type, String(value));
  return parsed === undefined || parsed === null ? String(value) : formatValue(type, parsed);
}

const keyOf = (groups: readonly Group[], row: EngineRow): GroupValue[] =>
  groups.map(({ type }, i) => written(type, row[i]));

const textOf = (key: readonly GroupValue[]): string => JSON.stringify(key);

/** Every combination of public values, in the order of their declaration. */
function product(groups: readonly Group[]): GroupValue[][] {
  return groups.reduce<GroupValue[][]>(
    (keys, { domain }) => keys.flatMap((key) => (domain ?? []).map((value) => [...key, value])),
    [[]],
  );
}

function compareKeys(groups: readonly Group[], a: readonly GroupValue[], b: readonly GroupValue[]): number {
  for (const [i, { type }] of groups.entries()) {
    const [x, y] = [a[i] ?? null, b[i] ?? null];
    if (x === y) continue;
    if (x === null || y === null) return x === null ? 1 : -1;
    const [left, right] = [parseValue(type, x), parseValue(type, y)];
    const order = left == null || right == null ? (x < y ? -1 : 1) : compareValues(left, right);
    if (order !== 0) return order;
  }
  return 0;
}

/** How many leaves a bisection has. */
export const leafCount = ({ value, leaf }: Plan["bisections"][number]): number =>
  Number((value.high - value.low) / leaf) + 1;

/**
 * All cells of a plan: each public group, whether or not it has rows; of private ones those that the engine gave.
 * @param leaves one list of rows a bisection
 */
export function* cellSteps(
  plan: Plan,
  rows: readonly EngineRow[],
  leaves: readonly (readonly EngineRow[])[],
): Steps<Cell[]> {
  const { groups } = plan;
  const known = new Map<string, EngineRow>();
  const own: GroupValue[][] = [];
  for (const row of rows) {
    const key = keyOf(groups, row);
    known.set(textOf(key), row);
    if (plan.hasPrivateGroups) own.push(key);
    yield;
  }
  const keys = plan.hasPrivateGroups
    ? yield* sortSteps(own, (a, b) => compareKeys(groups, a, b))
    : product(groups);
  const counted: Map<string, bigint[]>[] = [];
  for (const [i, b] of plan.bisections.entries()) counted.push(yield* leafTable(plan, b, leaves[i] ?? []));
  const cells: Cell[] = [];
  for (const key of keys) {
    const text = textOf(key);
    const row = known.get(text);
    cells.push({
      key,
      exacts: plan.exacts.map((_, i) => (row ? whole(row[groups.length + i]) : 0n)),
      leaves: counted.map((table, i) => table.get(text) ?? emptyLeaves(plan.bisections[i]!)),
    });
    yield;
  }
  return cells;
}

export const cellsOf = (...given: Parameters<typeof cellSteps>): Cell[] => atOnce(cellSteps(...given));

const emptyLeaves = (b: Plan["bisections"][number]): bigint[] =>
  Array.from({ length: leafCount(b) }, () => 0n);

function* leafTable(
  plan: Plan,
  bisection: Plan["bisections"][number],
  rows: readonly EngineRow[],
): Steps<Map<string, bigint[]>> {
  const table = new Map<string, bigint[]>();
  const at = plan.groups.length;
  for (const row of rows) {
    const key = textOf(keyOf(plan.groups, row));
    const list = table.get(key) ?? emptyLeaves(bisection);
    list[Number(row[at])] = whole(row[at + 1]);
    table.set(key, list);
    yield;
  }
  return table;
}
