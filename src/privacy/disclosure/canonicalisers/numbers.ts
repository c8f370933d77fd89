/**
 * Decimal numbers as text: read, rounded to significant digits half to even, and written in one form.
 *
 * Rules: digits are handled as text, never as floats, so the result is exact and the same on every machine.
 * Time and memory are linear in the length of the text, however many digits it has. Whole numbers are rounded
 * like all others: a fifteen-digit whole number can carry an identifier as well as a fraction can.
 */

/** value = ± 0.digits × 10^point; no leading or trailing zeros in digits; zero has no digits. */
export interface Decimal {
  readonly negative: boolean;
  readonly digits: string;
  readonly point: number;
}

/** Beyond this decimal exponent a text is not taken as a number: no double reaches it. */
const MAX_EXPONENT = 400;
const NUMBER = /^([+-]?)(?:(\d+)(?:\.(\d*))?|\.(\d+))(?:[eE]([+-]?\d{1,4}))?$/;

function normal(negative: boolean, digits: string, point: number): Decimal {
  let start = 0;
  while (digits.charCodeAt(start) === 48) start++;
  let end = digits.length;
  while (end > start && digits.charCodeAt(end - 1) === 48) end--;
  if (start === end) return { negative: false, digits: "", point: 0 };
  return { negative, digits: digits.slice(start, end), point: point - start };
}

/** The number that the whole text spells, or undefined. Accepts a sign, a bare point and an exponent. */
export function parseNumber(text: string): Decimal | undefined {
  const m = NUMBER.exec(text);
  if (!m) return undefined;
  const whole = m[2] ?? "";
  const fraction = m[3] ?? m[4] ?? "";
  const d = normal(m[1] === "-", whole + fraction, whole.length + Number(m[5] ?? "0"));
  return Math.abs(d.point) > MAX_EXPONENT ? undefined : d;
}

/** Adds one to the last digit of a digit string; may return one digit more. */
function increment(digits: string): string {
  let at = digits.length - 1;
  while (at >= 0 && digits.charCodeAt(at) === 57) at--;
  const zeros = "0".repeat(digits.length - 1 - at);
  if (at < 0) return `1${zeros}`;
  return digits.slice(0, at) + String.fromCharCode(digits.charCodeAt(at) + 1) + zeros;
}

/** Rounded to so many significant digits; a tie goes to the even digit. */
export function roundDecimal(d: Decimal, significant: number): Decimal {
  if (d.digits.length <= significant) return d;
  const kept = d.digits.slice(0, significant);
  const next = d.digits.charCodeAt(significant) - 48;
  // digits has no trailing zeros, so anything after the 5 is more than a tie
  const tie = next === 5 && d.digits.length === significant + 1;
  const odd = (kept.charCodeAt(significant - 1) & 1) === 1;
  if (next < 5 || (tie && !odd)) return normal(d.negative, kept, d.point);
  const up = increment(kept);
  return normal(d.negative, up, d.point + (up.length - significant));
}

/** Written as ECMAScript (and so RFC 8785) writes a number of these digits. */
export function formatDecimal(d: Decimal): string {
  const { digits, point } = d;
  const sign = d.negative ? "-" : "";
  if (digits === "") return "0";
  const k = digits.length;
  if (k <= point && point <= 21) return sign + digits + "0".repeat(point - k);
  if (0 < point && point <= 21) return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
  if (-6 < point && point <= 0) return `${sign}0.${"0".repeat(-point)}${digits}`;
  const e = point - 1;
  const fraction = k === 1 ? "" : `.${digits.slice(1)}`;
  return `${sign}${digits[0]}${fraction}e${e < 0 ? "-" : "+"}${Math.abs(e)}`;
}

export interface CanonicalNumber {
  text: string;
  /** Digits were lost. */
  rounded: boolean;
}

const CODE = /^0\d+$/;

/**
 * A cell or JSON number in its one form, or undefined when the text is no number. A short code with leading
 * zeros (a region, an ICD chapter) is a label and stays as it is; a long one is rounded like a number.
 */
export function canonicalNumber(text: string, significant: number): CanonicalNumber | undefined {
  const d = parseNumber(text);
  if (d === undefined || (text.length <= significant && CODE.test(text))) return undefined;
  return { text: formatDecimal(roundDecimal(d, significant)), rounded: d.digits.length > significant };
}

const DIGIT_RUN = /\d+(?:\.\d+)*(?:[eE][+-]?\d{1,3}(?!\d))?/g;
const SINGLE = /^(0*)(\d+)(?:\.(\d+))?$/;

/** Several points make a version or an address: its parts are whole numbers of their own. */
function roundMantissa(mantissa: string, significant: number): string {
  if (mantissa.indexOf(".") === mantissa.lastIndexOf(".")) return roundSingle(mantissa, significant);
  return mantissa
    .split(".")
    .map((part) => roundSingle(part, significant))
    .join(".");
}

function roundSingle(text: string, significant: number): string {
  const [, zeros = "", whole = "", fraction = ""] = SINGLE.exec(text)!;
  const d = normal(false, whole + fraction, whole.length);
  const leading = whole.length - d.point;
  if (d.digits === "" || whole.length + fraction.length - leading <= significant) return text;
  const { digits, point } = roundDecimal(d, significant);
  if (point <= 0) return `${zeros}0.${"0".repeat(-point)}${digits}`;
  const integer = digits.slice(0, point) + "0".repeat(Math.max(0, point - digits.length));
  const rest = digits.slice(point);
  return zeros + integer + (rest === "" ? "" : `.${rest}`);
}

/** A digit run of free text, rounded in place: plain notation stays plain, an exponent stays as written. */
function roundRun(run: string, significant: number): string {
  const e = run.search(/[eE]/);
  if (e < 0) return roundMantissa(run, significant);
  return roundMantissa(run.slice(0, e), significant) + run.slice(e);
}

/**
 * Free text with every digit run cut to so many significant digits. Runs that are short enough stay byte for
 * byte, so dates, versions and padded codes keep their looks.
 */
export function roundInText(text: string, significant: number): { text: string; rounded: number } {
  let rounded = 0;
  const out = text.replace(DIGIT_RUN, (run) => {
    if (run.length <= significant) return run;
    const now = roundRun(run, significant);
    if (now !== run) rounded++;
    return now;
  });
  return { text: out, rounded };
}
