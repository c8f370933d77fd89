/**
 * Two counters: requests by token, and failed authentications by address.
 *
 * Rules: only a token that exists gets a counter, so that guessing fills no memory but one row an address. The
 * limits depend on nothing but the calls themselves.
 */
import { ipKeyGenerator, MemoryStore, type Options } from "express-rate-limit";
import { GloveboxError } from "../vocabulary/index.js";

export interface RateLimits {
  /** Requests a minute and token. */
  requests: number;
  /** Failed authentications a minute and address. */
  failures: number;
}
export const DEFAULT_RATE_LIMITS: RateLimits = { requests: 12_000, failures: 60 };

const WINDOW_MS = 60_000;

function counter(): MemoryStore {
  const store = new MemoryStore();
  store.init({ windowMs: WINDOW_MS } as Options);
  return store;
}

export class RateLimiter {
  private readonly tokens = counter();
  private readonly addresses = counter();
  constructor(private readonly limits: RateLimits = DEFAULT_RATE_LIMITS) {}

  /** @throws rate_limited once the token has used up its minute. */
  async request(tokenHash: string): Promise<void> {
    const { totalHits, resetTime } = await this.tokens.increment(tokenHash);
    if (totalHits > this.limits.requests) throw limited(resetTime, this.limits.requests);
  }

  /** Counts one failed authentication. @throws rate_limited in place of the failure once there are too many. */
  async failure(address: string | undefined): Promise<void> {
    const key = address ? ipKeyGenerator(address) : "unknown";
    const { totalHits, resetTime } = await this.addresses.increment(key);
    if (totalHits > this.limits.failures) throw limited(resetTime, this.limits.failures);
  }

  close(): void {
    this.tokens.shutdown();
    this.addresses.shutdown();
  }
}

function limited(resetTime: Date | undefined, limit: number): GloveboxError {
  const seconds = Math.max(1, Math.ceil(((resetTime?.getTime() ?? Date.now()) - Date.now()) / 1000));
  return new GloveboxError("rate_limited", {
    detail: `At most ${limit} in a minute; wait ${seconds} s.`,
    retry_after: seconds,
  });
}
