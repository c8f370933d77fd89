/**
 * Proleptic Gregorian calendar without time zones. A date is a whole number of days since 1970-01-01, a timestamp
 * a whole number of microseconds since its midnight. Algorithms: H. Hinnant, "chrono-compatible low-level date
 * algorithms".
 */
export const DATE_PARTS = ["year", "quarter", "month", "day", "weekday", "hour", "minute"] as const;
export type DatePart = (typeof DATE_PARTS)[number];

export const MICROS_A_DAY = 86_400_000_000n;
const MICROS_AN_HOUR = 3_600_000_000n;
const MICROS_A_MINUTE = 60_000_000n;

export interface CivilDate {
  year: number;
  month: number;
  day: number;
}

export function daysOf({ year, month, day }: CivilDate): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

export function civilOf(days: number): CivilDate {
  const z = days + 719_468;
  const era = Math.floor(z / 146_097);
  const dayOfEra = z - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const mp = Math.floor((5 * dayOfYear + 2) / 153);
  const month = mp < 10 ? mp + 3 : mp - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  return { year, month, day: dayOfYear - Math.floor((153 * mp + 2) / 5) + 1 };
}

const modulo = (a: bigint, b: bigint): bigint => ((a % b) + b) % b;

/** The day on which a timestamp lies. */
export const dayOf = (micros: bigint): number =>
  Number((micros - modulo(micros, MICROS_A_DAY)) / MICROS_A_DAY);

/** Microseconds since that day's midnight. */
export const timeOfDay = (micros: bigint): bigint => modulo(micros, MICROS_A_DAY);

/** `instant` is a date where it is a number and a timestamp where it is a bigint; weekdays run from Monday = 1. */
export function datePart(part: DatePart, instant: number | bigint): number {
  const days = typeof instant === "bigint" ? dayOf(instant) : instant;
  const time = typeof instant === "bigint" ? timeOfDay(instant) : 0n;
  const { year, month, day } = civilOf(days);
  switch (part) {
    case "year":
      return year;
    case "quarter":
      return Math.floor((month + 2) / 3);
    case "month":
      return month;
    case "day":
      return day;
    case "weekday":
      return ((((days + 3) % 7) + 7) % 7) + 1;
    case "hour":
      return Number(time / MICROS_AN_HOUR);
    case "minute":
      return Number((time % MICROS_AN_HOUR) / MICROS_A_MINUTE);
  }
}
