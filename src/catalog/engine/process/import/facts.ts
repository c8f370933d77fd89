/**
 * What is known of each column's texts when the records have been written: how many are missing, and whether all
 * others are numbers written so plainly that reading them needs no second look. It may say less than is true, never
 * more.
 */

/** What bytes a text is made of, and what of its form stands against a number. */
export const FORM = {
  digit: 1,
  point: 2,
  minus: 4,
  other: 8,
  /** A leading zero, a sign that stands elsewhere or alone, more points than one or nothing else, too many digits. */
  irregular: 16,
} as const;

const ZERO = 0x30;
const MINUS = 0x2d;
const POINT = 0x2e;
/** Any whole number of so many characters fits 64 bits. */
const WHOLE = 18;
/** No decimal of so many characters without an exponent overflows. */
const DECIMAL = 300;

/** The form of each byte. */
export const FORMS = new Uint8Array(256).fill(FORM.other);
for (let b = ZERO; b < ZERO + 10; b++) FORMS[b] = FORM.digit;
FORMS[POINT] = FORM.point;
FORMS[MINUS] = FORM.minus;

/** The form of the text in `bytes` from `start` to `end`, not empty, of which `form` joins the bytes' own. */
export function formOf(bytes: Uint8Array, start: number, end: number, form: number): number {
  if (form >= FORM.other) return form;
  const digits = bytes[start] === MINUS ? start + 1 : start;
  const most = form & FORM.point ? DECIMAL : WHOLE;
  if (end - digits > most || end === digits) return form | FORM.irregular;
  if (bytes[digits] === ZERO) {
    const alone = digits + 1 === end;
    // `-0` is no whole number that reads back as it was written.
    if (alone ? digits > start : bytes[digits + 1] !== POINT) return form | FORM.irregular;
  }
  return form & (FORM.minus | FORM.point) && !hasPlace(bytes, digits, end) ? form | FORM.irregular : form;
}

/** No minus, at most one point, and a digit: these bytes are no others. */
function hasPlace(bytes: Uint8Array, start: number, end: number): boolean {
  let points = 0;
  for (let i = start; i < end; i++) {
    if (bytes[i] === MINUS) return false;
    if (bytes[i] === POINT) points++;
  }
  return points <= 1 && end - start > points;
}

export class ColumnFacts {
  readonly missing: Float64Array;
  readonly forms: Uint8Array;

  constructor(columns: number) {
    this.missing = new Float64Array(columns);
    this.forms = new Uint8Array(columns);
  }

  /** Every text of the column is a whole number of 64 bits, written in its one way. */
  isWhole(column: number): boolean {
    return (this.forms[column]! & ~(FORM.digit | FORM.minus)) === 0;
  }

  /** Every text of the column is a number written without an exponent, and a finite one. */
  isNumeric(column: number): boolean {
    return (this.forms[column]! & ~(FORM.digit | FORM.minus | FORM.point)) === 0;
  }
}

/**
 * Whether texts that come one after the other rise all the way, by their bytes or by length and then bytes (`U9` before
 * `U10`): then no two are equal. Most files that have an identifier come so.
 */
export class Rising {
  private last = new Uint8Array(64);
  private length = -1;
  private byBytes = true;
  private byLength = true;

  get holds(): boolean {
    return this.byBytes || this.byLength;
  }

  note(bytes: Uint8Array, start: number, end: number): void {
    if (!this.holds) return;
    const length = end - start;
    if (length > this.last.length) this.grow(2 * length);
    const { last, length: before } = this;
    const shared = length < before ? length : before;
    let i = 0;
    while (i < shared && bytes[start + i] === last[i]) i++;
    const above = i < shared ? bytes[start + i]! > last[i]! : length > before;
    if (!above) this.byBytes = false;
    if (length < before || (length === before && !above)) this.byLength = false;
    for (; i < length; i++) last[i] = bytes[start + i]!;
    this.length = length;
  }

  private grow(to: number): void {
    const larger = new Uint8Array(to);
    larger.set(this.last);
    this.last = larger;
  }
}
