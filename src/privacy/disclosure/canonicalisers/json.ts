/**
 * JSON documents: read strictly, written as RFC 8785 writes them.
 *
 * Canonical form: UTF-8, no white space, keys sorted by UTF-16 units, shortest escapes; numbers cut to the
 * policy's digits and written as ECMAScript writes them, without passing through a double; strings and keys
 * cleaned as unicode.ts says, with their digit runs cut. Canonicalising it again changes nothing.
 */
import type { DisclosurePolicy } from "../policy.js";
import { judgeRemoved } from "../rules/invisible-text.js";
import { judgeMarkup } from "../rules/markup.js";
import { noteRounding } from "../rules/rounding.js";
import { cannotRead } from "../rules/unreadable.js";
import type { JsonNode } from "./json-reader.js";
import { JsonReader } from "./json-reader.js";
import { canonicalNumber, roundInText } from "./numbers.js";
import type { Rebuilt } from "./rebuilt.js";
import { decodeUtf8 } from "./text.js";
import type { Removed } from "./unicode.js";
import { addRemoved, cleanText, NOTHING_REMOVED } from "./unicode.js";

class JsonWriter {
  rounded = 0;
  removed: Removed = NOTHING_REMOVED;
  constructor(private readonly significant: number) {}

  write(node: JsonNode): string {
    switch (node.kind) {
      case "number":
        return this.number(node.text);
      case "string":
        return JSON.stringify(this.string(node.text));
      case "array":
        return `[${node.items.map((item) => this.write(item)).join(",")}]`;
      case "object":
        return this.object(node.members);
      default:
        return node.kind;
    }
  }

  private number(text: string): string {
    const number = canonicalNumber(text, this.significant);
    if (number === undefined) throw cannotRead("Not JSON for a double: a number is out of range.");
    if (number.rounded) this.rounded++;
    return number.text;
  }

  private string(text: string): string {
    const cleaned = cleanText(text);
    this.removed = addRemoved(this.removed, cleaned.removed);
    const { text: cut, rounded } = roundInText(cleaned.text, this.significant);
    this.rounded += rounded;
    return cut;
  }

  private object(members: ReadonlyMap<string, JsonNode>): string {
    const cleaned = new Map<string, JsonNode>();
    for (const [key, node] of members) {
      const name = this.string(key);
      if (cleaned.has(name)) throw cannotRead("Not JSON: two keys of one object look the same.");
      cleaned.set(name, node);
    }
    // the default order of sort() is by UTF-16 code units, as RFC 8785 asks
    const names = [...cleaned.keys()].sort();
    return `{${names.map((n) => `${JSON.stringify(n)}:${this.write(cleaned.get(n)!)}`).join(",")}}`;
  }
}

/** The text is a JSON object or array, whole: no table and no prose begins and ends like one and parses. */
export function isJson(text: string, policy: DisclosurePolicy): boolean {
  if (!/^\s*[[{]/.test(text)) return false;
  try {
    new JsonReader(text, policy).read();
    return true;
  } catch {
    return false;
  }
}

export function rebuildJson(bytes: Buffer, extension: string, policy: DisclosurePolicy): Rebuilt {
  const document = new JsonReader(decodeUtf8(bytes, extension), policy).read();
  const writer = new JsonWriter(policy.significant_digits);
  const text = writer.write(document);
  const canonical = Buffer.from(text, "utf8");
  return {
    canonical,
    findings: [
      ...judgeRemoved(writer.removed),
      ...judgeMarkup(text),
      ...noteRounding(writer.rounded, policy.significant_digits),
    ],
    texts: [{ name: "content", content: canonical }],
  };
}
