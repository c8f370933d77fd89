/** Time and randomness are passed in: decisions never ask the machine. */

export interface Clock {
  /** Milliseconds since 1970-01-01 UTC. */
  now(): number;
}
export const systemClock: Clock = { now: () => Date.now() };

/** RFC 3339 UTC with milliseconds. */
export const rfc3339 = (ms: number): string => new Date(ms).toISOString();

/** A clock that tests move by hand. */
export class ManualClock implements Clock {
  constructor(private ms: number) {}
  now(): number {
    return this.ms;
  }
  advance(ms: number): void {
    this.ms += ms;
  }
}
