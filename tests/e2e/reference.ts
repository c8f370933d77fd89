/** What the released files are held against: read and computed here, with none of the node's own code. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "csv-parse/sync";
import { packageRoot } from "../../scripts/setup/home.mjs";
import { FLCHAIN_CSV } from "../harness/index.js";

export const example = (name: string): string =>
  readFileSync(join(packageRoot, "examples", "flchain", name), "utf8");

export interface LogitVector {
  n: number;
  coefficients: Record<string, string>;
  standard_errors: Record<string, string>;
}
export const logitVector = (): LogitVector =>
  JSON.parse(readFileSync(join(packageRoot, "tests", "vectors", "models", "flchain_logit.json"), "utf8"));

/** People of the raw file, by column. */
export const people = (): Record<string, string>[] =>
  parse(readFileSync(FLCHAIN_CSV), { columns: true, skip_empty_lines: true });

/** Deaths by decile group and sex, as analysis.py writes them: sorted by group (a number), then sex. */
export function deathsTable(): string[][] {
  const cells = new Map<string, [count: number, deaths: number]>();
  for (const person of people()) {
    const key = `${person["flc.grp"]?.padStart(2, "0")},${person.sex}`;
    const [count, deaths] = cells.get(key) ?? [0, 0];
    cells.set(key, [count + 1, deaths + Number(person.death)]);
  }
  const rows = [...cells].sort(([a], [b]) => (a < b ? -1 : 1));
  return [
    ["flc.grp", "sex", "count", "deaths"],
    ...rows.map(([key, [count, deaths]]) => {
      const [group, sex] = key.split(",");
      return [String(Number(group)), sex ?? "", String(count), String(deaths)];
    }),
  ];
}

/** A plain decimal rounded to so many significant digits, half to even. */
export function significant(text: string, digits: number): number {
  const [, sign = "", whole = "", fraction = ""] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text) ?? [];
  const all = (whole + fraction).replace(/^0+/, "");
  // What is dropped stands behind the kept digits: their value is kept · 10^dropped · 10^-fraction.
  const dropped = Math.max(0, all.length - digits);
  const kept = BigInt(all.slice(0, digits) || "0");
  const rest = all.slice(digits);
  const half = `5${"0".repeat(Math.max(0, dropped - 1))}`;
  const up = dropped > 0 && (rest > half || (rest === half && kept % 2n === 1n));
  return Number(`${sign}${kept + (up ? 1n : 0n)}e${dropped - fraction.length}`);
}

/** Names and contents of a zip whose files are stored as they are, read from its central directory. */
export function unzip(zip: Buffer): Map<string, Buffer> {
  const end = zip.lastIndexOf(Buffer.from("PK\x05\x06", "latin1"));
  const files = new Map<string, Buffer>();
  let at = zip.readUInt32LE(end + 16);
  for (let left = zip.readUInt16LE(end + 10); left > 0; left--) {
    const [nameBytes, extra, comment] = [28, 30, 32].map((field) => zip.readUInt16LE(at + field));
    const name = zip.toString("utf8", at + 46, at + 46 + (nameBytes ?? 0));
    const local = zip.readUInt32LE(at + 42);
    const start = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
    files.set(name, zip.subarray(start, start + zip.readUInt32LE(at + 20)));
    at += 46 + (nameBytes ?? 0) + (extra ?? 0) + (comment ?? 0);
  }
  return files;
}
