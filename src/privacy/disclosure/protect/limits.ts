/** A table of more numbers is not made safe but refused. */
export const MAX_NUMBERS = 20_000;
