/**
 * How categorical factors become columns: each term is written with as many columns as it adds to those before it, so
 * that a model is of full rank whatever its terms are, with and without an intercept.
 *
 * The algorithm is patsy's (docs, "Redundancy and categorical factors"): a term stands for all products of subsets of its
 * factors, of which those that an earlier term stood for are left out; what remains is put together again into products in
 * which a factor has either all its levels, or all but its reference. Terms with other numeric factors do not share.
 */

/** A categorical factor by its place, with all levels or without its reference. */
export interface CodedFactor {
  factor: number;
  full: boolean;
}

/** A product of coded factors: one block of columns. */
export type Subterm = readonly CodedFactor[];

const textOf = (subterm: Subterm): string =>
  subterm
    .map(({ factor, full }) => `${factor}${full ? "+" : "-"}`)
    .sort()
    .join(" ");

/** Smaller ones first, and otherwise in the order of their factors. */
function subsets(factors: readonly number[]): number[][] {
  const all = Array.from({ length: 2 ** factors.length }, (_, mask) =>
    factors.filter((_, i) => (mask >> i) & 1),
  );
  const places = (subset: readonly number[]) => subset.map((f) => factors.indexOf(f));
  const before = (a: readonly number[], b: readonly number[]) => {
    const [x, y] = [places(a), places(b)];
    const at = x.findIndex((place, i) => place !== y[i]);
    return at < 0 ? 0 : x[at]! - y[at]!;
  };
  return all.sort((a, b) => a.length - b.length || before(a, b));
}

/** The factor by which `long` has one more than `short`, both coded alike otherwise. */
function extra(short: Subterm, long: Subterm): CodedFactor | undefined {
  if (long.length !== short.length + 1) return undefined;
  const rest = long.filter((l) => !short.some((s) => s.factor === l.factor && s.full === l.full));
  return rest.length === 1 ? rest[0] : undefined;
}

/** Puts the first pair together that can be: `1 + a-` is `a+`. */
function simplified(subterms: Subterm[]): Subterm[] | undefined {
  for (const [i, short] of subterms.entries()) {
    for (const [k, long] of subterms.entries()) {
      const more = k > i ? extra(short, long) : undefined;
      if (more === undefined) continue;
      const whole = long.map((f) => (f.factor === more.factor ? { ...f, full: true } : f));
      return subterms.flatMap((s, at) => (at === i ? [] : [at === k ? whole : s]));
    }
  }
  return undefined;
}

/**
 * The blocks of each term, in order. A term without factors is the intercept.
 * @param isNumeric of a factor's place
 */
export function codeTerms(
  terms: readonly (readonly number[])[],
  isNumeric: (factor: number) => boolean,
): Subterm[][] {
  const stoodFor = new Map<string, Set<string>>();
  return terms.map((term) => {
    const numbers = term.filter(isNumeric).sort((a, b) => a - b);
    const known = stoodFor.get(numbers.join(" ")) ?? new Set<string>();
    stoodFor.set(numbers.join(" "), known);
    const parts = subsets(term.filter((f) => !isNumeric(f))).map((s) =>
      s.map((factor) => ({ factor, full: false })),
    );
    let left: Subterm[] = parts.filter((part) => !known.has(textOf(part)));
    for (const part of parts) known.add(textOf(part));
    for (let next = simplified(left); next !== undefined; next = simplified(left)) left = next;
    return left;
  });
}
