/** Days as a workbook counts them, and which number formats show them as dates. Pure. */

export type DateShape = "date" | "timestamp" | "time";

/** Built-in formats that show dates and times, those of the Chinese locales among them. */
const BUILT_IN = new Map<number, DateShape>([
  ...[14, 15, 16, 17, 27, 28, 29, 30, 31, 36, 50, 51, 52, 53, 54, 57, 58].map((id) => [id, "date"] as const),
  ...[18, 19, 20, 21, 32, 33, 34, 35, 55, 56, 45, 46, 47].map((id) => [id, "time"] as const),
  [22, "timestamp"],
]);

/** What a number with this format is shown as; undefined for a number. */
export function shapeOf(id: number, code: string | undefined): DateShape | undefined {
  if (code === undefined) return BUILT_IN.get(id);
  // Only the part for positive numbers counts, without what it quotes, escapes or colours.
  const shown = code
    .replace(/\[(?!h|m|s)[^\]]*\]/gi, "")
    .replace(/"[^"]*"|\\.|_.|\*./g, "")
    .split(";")[0]!
    .toLowerCase();
  if (/\[(h+|m+|s+)\]/.test(shown)) return undefined;
  const day = /[yd]|年|月|日/.test(shown) || /^m{3,}/.test(shown);
  const clock = /[hs]|上午|am\/pm/.test(shown);
  if (/^general/.test(shown) || /[#0?]/.test(shown.replace(/s\.?0+/, ""))) return undefined;
  if (day && clock) return "timestamp";
  return day ? "date" : clock ? "time" : undefined;
}

const DAY = 86_400_000;
const LAST = 2_958_465;
const pad = (n: number, to = 2): string => String(n).padStart(to, "0");

/** The text of a day count as this shape; undefined where there is no such day. `from1904`: the days of old Macs. */
export function dateText(serial: number, shape: DateShape, from1904: boolean): string | undefined {
  if (!Number.isFinite(serial) || serial < 0 || serial > LAST) return undefined;
  let milliseconds = Math.round(serial * DAY);
  const time = clockText(milliseconds % DAY);
  if (shape === "time" && serial < 1) return time;
  // The count from 1900 has a 29 February that never was; it is day 60.
  if (!from1904 && Math.floor(serial) === 60) return undefined;
  if (!from1904 && serial < 60) milliseconds += DAY;
  const date = new Date(
    Date.UTC(from1904 ? 1904 : 1899, from1904 ? 0 : 11, from1904 ? 1 : 30) + milliseconds,
  );
  const day = `${pad(date.getUTCFullYear(), 4)}-${pad(date.getUTCMonth() + 1)}-${pad(date.getUTCDate())}`;
  return shape === "date" && milliseconds % DAY === 0 ? day : `${day} ${time}`;
}

function clockText(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  const text = `${pad(Math.floor(seconds / 3600))}:${pad(Math.floor(seconds / 60) % 60)}:${pad(seconds % 60)}`;
  const rest = milliseconds % 1000;
  return rest === 0 ? text : `${text}.${pad(rest, 3)}`;
}
