/**
 * A strict JSON reader (RFC 8259) that keeps numbers as text and refuses duplicate keys.
 *
 * JSON.parse would round numbers to doubles, keep the last of two equal keys and recurse without a limit; each
 * of these lets two readers see two documents. Depth and node count are bounded; time is linear.
 */
import { overLimit } from "../rules/limits.js";
import { cannotRead } from "../rules/unreadable.js";

export type JsonNode =
  | { kind: "null" | "true" | "false" }
  | { kind: "number"; text: string }
  | { kind: "string"; text: string }
  | { kind: "array"; items: JsonNode[] }
  | { kind: "object"; members: Map<string, JsonNode> };

export interface JsonLimits {
  max_json_depth: number;
  max_json_nodes: number;
}

const WORDS = ["null", "true", "false"] as const;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON strings may hold no control character
const PLAIN_RUN = /[^"\\\x00-\x1f]*/y;
const HEX4 = /[0-9a-fA-F]{4}/y;
const SPACE = /[ \t\n\r]*/y;
const HALF_PAIR = /[\ud800-\udfff]/u;
const ESCAPED: Record<string, string> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};

export class JsonReader {
  private at = 0;
  private nodes = 0;
  constructor(
    private readonly text: string,
    private readonly limits: JsonLimits,
  ) {}

  /** @throws a refusal naming the offset, never the text there. */
  read(): JsonNode {
    const node = this.value(0);
    this.space();
    if (this.at < this.text.length) throw this.wrong("something follows the end of the document");
    return node;
  }

  private wrong(what: string) {
    return cannotRead(`Not JSON: ${what} (character ${this.at}).`, { character: this.at });
  }

  private match(pattern: RegExp): string {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0] ?? "";
    this.at += found.length;
    return found;
  }

  private space(): void {
    this.match(SPACE);
  }

  private take(char: string): boolean {
    if (this.text[this.at] !== char) return false;
    this.at++;
    return true;
  }

  private value(depth: number): JsonNode {
    if (depth > this.limits.max_json_depth)
      throw overLimit(`Nested deeper than ${this.limits.max_json_depth}.`);
    if (++this.nodes > this.limits.max_json_nodes)
      throw overLimit(`More than ${this.limits.max_json_nodes} values.`);
    this.space();
    if (this.take('"')) return { kind: "string", text: this.string() };
    if (this.take("{")) return { kind: "object", members: this.members(depth) };
    if (this.take("[")) return { kind: "array", items: this.items(depth) };
    const word = WORDS.find((w) => this.text.startsWith(w, this.at));
    if (word !== undefined) {
      this.at += word.length;
      return { kind: word };
    }
    const number = this.match(NUMBER);
    if (number === "") throw this.wrong("a value is missing or of no JSON type (NaN and Infinity are none)");
    return { kind: "number", text: number };
  }

  private items(depth: number): JsonNode[] {
    const items: JsonNode[] = [];
    this.space();
    if (this.take("]")) return items;
    for (;;) {
      items.push(this.value(depth + 1));
      this.space();
      if (this.take("]")) return items;
      if (!this.take(",")) throw this.wrong("a comma or ] is missing");
    }
  }

  private members(depth: number): Map<string, JsonNode> {
    const members = new Map<string, JsonNode>();
    this.space();
    if (this.take("}")) return members;
    for (;;) {
      this.space();
      if (!this.take('"')) throw this.wrong("a key is missing");
      const key = this.string();
      if (members.has(key)) throw this.wrong("a key stands twice in one object");
      this.space();
      if (!this.take(":")) throw this.wrong("a colon is missing");
      members.set(key, this.value(depth + 1));
      this.space();
      if (this.take("}")) return members;
      if (!this.take(",")) throw this.wrong("a comma or } is missing");
    }
  }

  private string(): string {
    const parts: string[] = [];
    for (;;) {
      parts.push(this.match(PLAIN_RUN));
      if (this.take('"')) break;
      if (!this.take("\\")) throw this.wrong("a string is never closed or holds a control character");
      const char = this.text[this.at] ?? "";
      this.at++;
      const plain = ESCAPED[char];
      if (plain !== undefined) parts.push(plain);
      else if (char === "u") parts.push(this.codeUnit());
      else throw this.wrong("an unknown escape");
    }
    const text = parts.join("");
    if (HALF_PAIR.test(text)) throw this.wrong("half of a surrogate pair");
    return text;
  }

  private codeUnit(): string {
    const hex = this.match(HEX4);
    if (hex === "") throw this.wrong("a \\u escape without four digits");
    return String.fromCharCode(Number.parseInt(hex, 16));
  }
}
