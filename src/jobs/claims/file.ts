/**
 * The file of claims that a program left: a line of JSON for each output that it says something of. Pure.
 *
 * Rules: running code wrote it, so nothing of it is trusted or repeated: a line is read by a strict schema or not at all,
 * and what it names is looked up among the declared outputs. The last line of an output counts.
 */
import { z } from "zod";
import { CLAIM_SYNTAXES, type ClaimSyntax, type WrittenClaim, writtenClaim } from "../../privacy/index.js";

/** Further lines are not read. */
const MAX_LINES = 1_000;

const named = z.object({ output: z.string().max(255) });
const line = z.strictObject({
  output: z.string().max(255),
  dataset: z.string().min(1).max(128),
  syntax: z.enum(CLAIM_SYNTAXES),
  claim: writtenClaim,
});

export interface WrittenLine {
  dataset: string;
  syntax: ClaimSyntax;
  claim: WrittenClaim;
}

/** By output: what was claimed of it; undefined where the line that names it is no claim. */
export type ClaimLines = ReadonlyMap<string, WrittenLine | undefined>;

export function readClaimsFile(bytes: Buffer, outputs: readonly string[]): ClaimLines {
  const found = new Map<string, WrittenLine | undefined>();
  const lines = bytes.toString("utf8").split("\n", MAX_LINES);
  for (const text of lines) {
    const document = parsed(text);
    const output = named.safeParse(document).data?.output;
    if (output === undefined || !outputs.includes(output)) continue;
    const { data } = line.safeParse(document);
    found.set(output, data && { dataset: data.dataset, syntax: data.syntax, claim: data.claim });
  }
  return found;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
