import { describe, expect, test } from "@jest/globals";
import {
  type HeldKeys,
  NOWHERE,
  Tokens,
  windowsOf,
} from "../../../src/catalog/engine/process/scan/tokens.js";
import { testSeed } from "../../harness/seed.js";
import { drawer } from "../../privacy/disclosure/differencing/histories.js";

const DIGITS = 8;

/** Words as outputs have them: whole numbers, decimals of many forms, texts, odd ones. */
function wordOf(random: () => number): string {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const whole = () => String(Math.floor(random() * 10 ** Math.floor(1 + random() * 9)));
  switch (Math.floor(random() * 8)) {
    case 0:
      return whole();
    case 1:
      return `${pick(["", "-", "+", "0", "00"])}${whole()}${pick(["", ".0", ".00", ".", ".5"])}`;
    case 2:
      return String(random() * 10 ** Math.floor(random() * 6 - 3));
    case 3:
      return (random() * 1000).toPrecision(DIGITS);
    case 4:
      return (random() * 10).toExponential(Math.floor(random() * 10));
    case 5:
      return pick(["F", "M", "Blood", "2021-03-04", "é", "-", ".", "1e", "0x12", "-0", "0", "0.0", "1.2.3"]);
    case 6:
      return `.${whole()}`;
    default:
      return pick(["12345678", "123456789", "0.12345678", "0.123456789", "1234567.8", "12345678.9"]);
  }
}

describe("words of a text as tokens", () => {
  test("a version's own keys tell apart what it holds, and change nothing else", () => {
    const seed = testSeed();
    console.log(`seed ${seed}`);
    const draw = drawer(seed);
    const random = () => draw(2 ** 31) / 2 ** 31;
    const words = Array.from({ length: 4_000 }, () => wordOf(random));
    // The data hold every third key that there is.
    const all = new Tokens(DIGITS);
    for (const word of words) all.addWord(word, []);
    const third = <K>(keys: Iterable<K>) => new Set([...keys].filter((_, i) => i % 3 === 0));
    const held: HeldKeys = {
      integer: third(all.keys.integer.keys()),
      decimal: new Set([...third(all.keys.decimal.keys())].map(Number)),
      text: third(all.keys.text.keys()),
    };
    const some = new Tokens(DIGITS, held);
    const read = (tokens: Tokens) =>
      words.map((word) => {
        const to: number[] = [];
        tokens.addWord(word, to);
        return to;
      });
    const [whole, few] = [read(all), read(some)];
    const [ofAll, ofSome] = [keysOf(all), keysOf(some)];
    expect(few.map((tokens) => tokens.map((t) => (t === NOWHERE ? undefined : ofSome.get(t))))).toEqual(
      whole.map((tokens) =>
        tokens.map((t) => ofAll.get(t)).map((key) => (isHeld(held, key) ? key : undefined)),
      ),
    );
  });

  test("a window is as long whatever is held", () => {
    const text = "a,1,2.5\n\nb,2,3.5\n".repeat(40) + Array.from({ length: 30 }, (_, i) => `${i}.5`).join(" ");
    const nothing: HeldKeys = { integer: new Set(), decimal: new Set(), text: new Set() };
    const lengths = (tokens: Tokens) => [...windowsOf(tokens, text)].map((w) => w.length);
    const none = new Tokens(DIGITS, nothing);
    expect(lengths(none)).toEqual(lengths(new Tokens(DIGITS)));
    expect(none.size).toBe(0);
  });
});

type Key = readonly [kind: keyof HeldKeys, key: string];

function keysOf({ keys }: Tokens): Map<number, Key> {
  const found = new Map<number, Key>();
  for (const kind of ["integer", "decimal", "text"] as const)
    for (const [key, token] of keys[kind]) found.set(token, [kind, key]);
  return found;
}

const isHeld = (held: HeldKeys, key: Key | undefined): boolean => {
  if (!key) return false;
  return key[0] === "decimal" ? held.decimal.has(Number(key[1])) : held[key[0]].has(key[1]);
};
