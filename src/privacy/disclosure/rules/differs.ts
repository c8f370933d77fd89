/**
 * The program's own file, beside the node's: its bytes never go out, but that it states other numbers is worth knowing.
 *
 * Both are compared in canonical form, so a last digit that was rounded otherwise, a quoted cell or another line end
 * makes no difference. A cell that the node does not show is not compared.
 * Source: Glovebox; other tools believe the file that the program wrote beside its table.
 */
import { parse } from "csv-parse/sync";
import type { Finding } from "../finding.js";
import { HIDDEN_MARK } from "../recompute/render.js";
import type { Table } from "../table.js";
import { rowLabel } from "../table.js";
import type { RuleDefinition } from "./definition.js";
import { several, withCells } from "./definition.js";

export const differs: RuleDefinition = {
  id: "differs",
  title: "The program stated otherwise",
  title_zh: "与程序所述不符",
  default: "review",
  verdicts: ["review"],
  sentence:
    "The program's own file says something else than what the node computed from the same claim; the node's figures stand, the program's bytes are gone.",
  sentence_zh: "程序自写文件与节点依同一声明计算的结果不同；以节点结果为准，程序所写内容已丢弃。",
  source: "Glovebox",
};

const OUR_FIGURES = "The figures here are the node's own; the program's file is not kept.";

/** For auditors only: how often it differs is the program's to choose, and could be a message to its requester. */
export const judgeOtherFile = (what: string): Finding => ({
  rule: differs.id,
  verdict: "review",
  audience: "auditors",
  message: `${what} ${OUR_FIGURES}`,
});

function read(bytes: Buffer): Table {
  const [header = [], ...rows] = parse(bytes, { relax_column_count: true }) as string[][];
  return { header, rows };
}

/** @param own the node's text @param written the program's file as a checker rebuilt it @param labels columns of labels */
export function compareTables(own: Buffer, written: Buffer, labels: number): Finding[] {
  if (own.equals(written)) return [];
  const [ours, theirs] = [read(own), read(written)];
  const sameLabels =
    ours.header.join("\n") === theirs.header.join("\n") &&
    ours.rows.length === theirs.rows.length &&
    ours.rows.every(
      (row, i) => row.slice(0, labels).join("\n") === theirs.rows[i]!.slice(0, labels).join("\n"),
    );
  if (!sameLabels)
    return [judgeOtherFile("The program's own file is another table, with other rows or columns.")];
  const places = Array.from({ length: labels }, (_, i) => i);
  const cells = ours.rows.flatMap((row, i) =>
    row.flatMap((cell, j): [string, string][] =>
      j < labels || cell === "" || cell === HIDDEN_MARK || cell === theirs.rows[i]![j]
        ? []
        : [[rowLabel(ours, i, places), ours.header[j]!]],
    ),
  );
  if (cells.length === 0) return [];
  const what = `The program's own file states another number in ${several(cells.length, "cell")}.`;
  return [withCells(judgeOtherFile(what), cells)];
}
