/** What an owner can say of how a file is written: flags of `dataset add` and `dataset put`, as the API takes them. */
import type { Command } from "commander";
import { many } from "./command.js";

export interface ContentFlags {
  format?: string;
  encoding?: string;
  delimiter?: string;
  quote?: string;
  header?: string;
  decimal?: string;
  missing?: string[];
  sheet?: string;
}

/** The node checks the words, so that the two cannot disagree. */
export function contentFlags(command: Command): Command {
  return command
    .option(
      "--format <csv|jsonl|xlsx|parquet>",
      "what the file is, within its compression (told by its bytes)",
    )
    .option("--encoding <name>", "of a text: utf-8, gbk, gb18030, utf-16le, utf-16be (found out)")
    .option("--delimiter <word>", "of a CSV: comma, semicolon, tab, bar, or the character (found out)")
    .option("--quote <word>", "what encloses a field of a CSV: double, single, none (found out)")
    .option("--header <present|absent>", "whether the first record names the columns (present)")
    .option("--decimal <point|comma>", "what comes before a number's fraction (found out)")
    .option(
      "--missing <text>",
      "a text that stands for a missing value, besides the empty one; may be given again (NA)",
      many,
    )
    .option("--sheet <name>", "of a workbook (the first that is not hidden)");
}

const NAMES = ["format", "encoding", "delimiter", "quote", "header", "decimal", "sheet"] as const;

/** `?…`, or nothing. */
export function contentQuery(flags: ContentFlags): string {
  const query = new URLSearchParams();
  for (const name of NAMES) if (flags[name] !== undefined) query.set(name, flags[name]);
  for (const text of flags.missing ?? []) query.append("missing", text);
  return query.size === 0 ? "" : `?${query}`;
}
