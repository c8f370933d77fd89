/** Numbers as people read them: decimal text of so many significant digits, rounded in the direction that is safe. */
import { formatDecimal } from "../../disclosure/canonicalisers/numbers.js";

const big = BigInt;
export const SHOWN_DIGITS = 12;

/** num/den ≥ 0 rounded up to `digits` significant digits. */
export function decimalUp(num: bigint, den: bigint, digits = SHOWN_DIGITS): string {
  if (num <= 0n) return "0";
  // 10^scale · value has at least `digits` digits before its point
  let scale = digits + Math.max(0, den.toString().length - num.toString().length + 1);
  const scaled = (s: number) =>
    (s >= 0 ? [num * 10n ** big(s), den] : [num, den * 10n ** big(-s)]) as [bigint, bigint];
  const up = (s: number): bigint => {
    const [a, b] = scaled(s);
    return (a + b - 1n) / b;
  };
  let value = up(scale);
  const excess = value.toString().length - digits;
  if (excess > 0) {
    scale -= excess;
    value = up(scale);
  }
  const text = value.toString();
  return formatDecimal({
    negative: false,
    digits: text.replace(/0+$/, ""),
    point: text.length - scale,
  });
}
