/** What an owner says of content in the address that it is put to, as the engine takes it. Pure. */
import { z } from "zod";
import { parseInput } from "../../vocabulary/index.js";
import { CSV_DELIMITERS, type ReadOptions, readOptions } from "../engine/index.js";

const WORDS = { comma: ",", semicolon: ";", tab: "\t", bar: "|" } as const;
const QUOTES = { double: '"', single: "'", none: "none" } as const;
const keysOf = <K extends string>(table: Record<K, string>) => Object.keys(table) as [K, ...K[]];

/** What an owner can say of content in the address that it is put to. */
export const contentQuery = z.strictObject({
  format: readOptions.shape.format.describe(
    "What it is, within its compression; told by its bytes when not said",
  ),
  encoding: z.enum(["utf-8", "gbk", "gb18030", "utf-16le", "utf-16be"]).optional().describe("Of a text"),
  delimiter: z
    .union([z.enum(keysOf(WORDS)), z.enum(CSV_DELIMITERS)])
    .optional()
    .describe("Of a CSV: a word, or the character itself"),
  quote: z.enum(keysOf(QUOTES)).optional().describe("What encloses a field of a CSV"),
  header: readOptions.shape.header.describe(
    "Whether the first record names the columns; present when not said",
  ),
  decimal: z.enum(["point", "comma", ".", ","]).optional().describe("What comes before a number's fraction"),
  missing: z
    .union([z.string(), z.array(z.string())])
    .optional()
    .describe(
      "A text that stands for a missing value, besides the empty one; may be given again; NA when not said",
    ),
  sheet: readOptions.shape.sheet.describe("Of a workbook; the first that is not hidden when not said"),
});

/** @throws invalid_input where a missing-value code cannot be one. */
export function readOptionsOf(query: z.output<typeof contentQuery>): ReadOptions {
  const { encoding, delimiter, quote, decimal, missing, ...same } = query;
  const word = delimiter as keyof typeof WORDS | undefined;
  return parseInput(readOptions, {
    ...same,
    ...(encoding ? { encoding: encoding === "gbk" ? "gb18030" : encoding } : {}),
    ...(delimiter ? { delimiter: word && Object.hasOwn(WORDS, word) ? WORDS[word] : delimiter } : {}),
    ...(quote ? { quote: QUOTES[quote] } : {}),
    ...(decimal ? { decimal: decimal === "point" || decimal === "." ? "." : "," } : {}),
    ...(missing === undefined ? {} : { missing: [missing].flat() }),
  });
}
