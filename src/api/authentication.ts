/**
 * Who is calling: a bearer token, looked up by its SHA-256.
 *
 * Rules: the token is read from the Authorization header only, never from the URL. It is not kept, not logged
 * and not compared in clear. An absent, malformed, unknown or revoked token all get the same answer.
 */

import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { type Actor, GloveboxError } from "../vocabulary/index.js";
import type { RateLimiter } from "./rate-limit.js";

const BEARER = /^Bearer ([\x21-\x7e]{8,512})$/i;

export interface TokenLookup {
  byToken(token: string): Actor | undefined;
}

/** @throws unauthenticated, or rate_limited. */
export async function authenticate(
  request: IncomingMessage,
  principals: TokenLookup,
  limiter: RateLimiter,
): Promise<Actor> {
  const token = BEARER.exec(request.headers.authorization ?? "")?.[1];
  const actor = token === undefined ? undefined : principals.byToken(token);
  if (token === undefined || actor === undefined) {
    await limiter.failure(request.socket.remoteAddress);
    throw new GloveboxError("unauthenticated");
  }
  await limiter.request(tokenKey(token));
  return actor;
}

/** The counter's key: not the token, so that a heap dump of the counters holds none. */
const tokenKey = (token: string): string => createHash("sha256").update(token).digest("base64");
