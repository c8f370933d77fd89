/** Words, numbers and signs of the two written syntaxes, and a reader over them that says where it stopped. */
import { unsupported, wrong } from "../errors.js";
import { EXPRESSION_LIMITS as LIMITS } from "../limits.js";

export interface Token {
  kind: "number" | "string" | "name" | "quoted" | "sign" | "end";
  /** Of a string or a quoted name: what it stands for. */
  text: string;
  /** Character, from 1. */
  at: number;
}

/** What differs between the syntaxes. The expressions are sticky. */
export interface Lexis {
  name: RegExp;
  number: RegExp;
  /** Longest first. */
  signs: readonly string[];
}

const ESCAPES: Record<string, string> = {
  n: "\n",
  t: "\t",
  r: "\r",
  "\\": "\\",
  "'": "'",
  '"': '"',
  "`": "`",
};
const CODE = /x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|[uU]\{([0-9a-fA-F]{1,6})\}/y;

function code(text: string, from: number): { character: string; end: number } | undefined {
  CODE.lastIndex = from;
  const found = CODE.exec(text);
  const point = Number.parseInt(found?.slice(1).find((digits) => digits !== undefined) ?? "", 16);
  if (!found || Number.isNaN(point) || point > 0x10ffff) return undefined;
  return { character: String.fromCodePoint(point), end: CODE.lastIndex };
}

/** A quoted text that begins at `start`. */
function quoted(text: string, start: number): { value: string; end: number } {
  const quote = text[start];
  let value = "";
  for (let i = start + 1; i < text.length; i++) {
    const c = text[i] as string;
    if (c === quote) return { value, end: i + 1 };
    if (c !== "\\" || quote === "`") {
      value += c;
      continue;
    }
    const plain = ESCAPES[text[i + 1] ?? ""];
    const coded = plain === undefined ? code(text, i + 1) : undefined;
    if (plain === undefined && !coded)
      throw unsupported(`character ${i + 1}`, "this escape", "write the character");
    value += plain ?? coded?.character;
    i = coded ? coded.end - 1 : i + 1;
  }
  throw wrong(`character ${start + 1}`, "this quote is not closed");
}

function match(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}

function tokenAt(text: string, i: number, lexis: Lexis): { token: Token; end: number } {
  const c = text[i] as string;
  const at = i + 1;
  if (c === "'" || c === '"' || c === "`") {
    const { value, end } = quoted(text, i);
    return { token: { kind: c === "`" ? "quoted" : "string", text: value, at }, end };
  }
  for (const kind of ["number", "name"] as const) {
    const found = match(lexis[kind], text, i);
    if (found) return { token: { kind, text: found, at }, end: i + found.length };
  }
  const sign = lexis.signs.find((s) => text.startsWith(s, i));
  if (sign === undefined) throw wrong(`character ${at}`, "this character has no meaning here");
  return { token: { kind: "sign", text: sign, at }, end: i + sign.length };
}

export function tokenize(text: string, lexis: Lexis): Token[] {
  if (text.length > LIMITS.text_chars) throw wrong("text", `longer than ${LIMITS.text_chars} characters`);
  const tokens: Token[] = [];
  for (let i = 0; i < text.length; ) {
    if (/\s/.test(text[i] as string)) {
      i++;
      continue;
    }
    const { token, end } = tokenAt(text, i, lexis);
    tokens.push(token);
    i = end;
  }
  tokens.push({ kind: "end", text: "", at: text.length + 1 });
  return tokens;
}

/** Goes through tokens once. */
export class Reader {
  private position = 0;
  private depth = 0;

  constructor(private readonly tokens: readonly Token[]) {}

  get token(): Token {
    return this.ahead(0);
  }

  ahead(n: number): Token {
    return (this.tokens[this.position + n] ?? this.tokens.at(-1)) as Token;
  }

  next(): Token {
    const token = this.token;
    this.position += 1;
    return token;
  }

  /** Whether the token at hand is one of these signs or words. */
  is(...texts: string[]): boolean {
    const { kind, text } = this.token;
    return (kind === "sign" || kind === "name") && texts.includes(text);
  }

  accept(...texts: string[]): Token | undefined {
    return this.is(...texts) ? this.next() : undefined;
  }

  expect(text: string): Token {
    return this.accept(text) ?? this.fail(`\`${text}\` is expected here`);
  }

  fail(message: string): never {
    throw wrong(`character ${this.token.at}`, message);
  }

  end(): void {
    if (this.token.kind !== "end") this.fail("the expression should end here");
  }

  /** One level deeper. */
  nested<T>(read: () => T): T {
    this.depth += 1;
    if (this.depth > LIMITS.depth) this.fail(`nested deeper than ${LIMITS.depth}`);
    const result = read();
    this.depth -= 1;
    return result;
  }

  /** `a, b, c` up to the sign that closes; the opening one was taken. */
  list<T>(close: string, read: () => T): T[] {
    const items: T[] = [];
    while (!this.accept(close)) {
      if (items.length > 0) this.expect(",");
      if (this.accept(close)) break;
      items.push(read());
      if (items.length > LIMITS.list) this.fail(`more than ${LIMITS.list} in a list`);
    }
    return items;
  }
}
