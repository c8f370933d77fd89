/**
 * A program's own file of survival curves beside the node's. The program's may step at every event; it is the same curve
 * where it stands, at each time that the node shows, where the node's does.
 */
import { parse } from "csv-parse/sync";
import type { Finding } from "../finding.js";
import { withCells } from "../rules/definition.js";
import { judgeOtherFile } from "../rules/differs.js";
import { agree } from "./compare.js";
import { CURVE_DIGITS } from "./document.js";
import type { SurvivalFacts } from "./facts.js";

interface Point {
  time: number;
  survival: number;
}

/** By the labels of its group, in rising order of time. Undefined where the file holds no such curves. */
function curvesIn(written: Buffer, by: readonly string[]): Map<string, Point[]> | undefined {
  let rows: string[][];
  try {
    rows = parse(written, { relax_column_count: true }) as string[][];
  } catch {
    return undefined;
  }
  const [header = [], ...lines] = rows;
  const places = [...by, "time", "survival"].map((name) => header.indexOf(name));
  if (places.some((place) => place < 0)) return undefined;
  const curves = new Map<string, Point[]>();
  for (const line of lines) {
    const cells = places.map((place) => line[place] ?? "");
    const [time, survival] = cells.slice(by.length).map((cell) => (cell === "" ? Number.NaN : Number(cell)));
    const key = cells.slice(0, by.length).join("\n");
    const points = curves.get(key) ?? [];
    points.push({ time: time!, survival: survival! });
    curves.set(key, points);
  }
  for (const points of curves.values()) points.sort((a, b) => a.time - b.time);
  return curves;
}

/** What an auditor is told of the program's own file. */
export function compareCurves(written: Buffer, facts: SurvivalFacts): Finding[] {
  if (facts.failure !== undefined) return [];
  const theirs = curvesIn(written, facts.by);
  if (theirs === undefined) return [judgeOtherFile("The program's own file holds no such curves.")];
  const differing: [string, string][] = [];
  for (const { levels, steps } of facts.curves) {
    const points = theirs.get(levels.join("\n")) ?? [];
    for (const step of steps) {
      const at = points.filter(({ time }) => time <= Number(step.time)).at(-1);
      if (at === undefined || !agree(at.survival, step.survival, CURVE_DIGITS))
        differing.push([levels.join(" / ") || "all", step.time]);
    }
  }
  if (differing.length === 0) return [];
  const base = judgeOtherFile(
    `The program's own file states another curve: at ${differing.length} of the times shown it is not the node's.`,
  );
  return [withCells(base, differing)];
}
