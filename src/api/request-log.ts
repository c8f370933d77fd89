/**
 * One log line and one measurement a request.
 *
 * Rules: a line holds the route's template, never the URL, a query, a header or a body. Reading that succeeds
 * is logged at debug, so that the way of a read stays short.
 */
import { randomBytes } from "node:crypto";
import type { NextFunction, Request, Response } from "express";
import type { Logger } from "pino";
import type { HttpMetrics } from "./metrics.js";

/** What the edge remembers of a request until it is answered. */
export interface RequestFacts {
  id: string;
  route: string;
  principal?: string;
  code?: string;
}

const boot = randomBytes(6).toString("hex");
let count = 0;

export function factsOf(res: Response): RequestFacts {
  const held = (res.locals as { facts?: RequestFacts }).facts;
  if (held) return held;
  const facts: RequestFacts = { id: `req_${boot}${(count++).toString(36)}`, route: "unknown" };
  (res.locals as { facts?: RequestFacts }).facts = facts;
  return facts;
}

export function requestLog(log: Logger, metrics: HttpMetrics) {
  return (req: Request, res: Response, next: NextFunction): void => {
    const began = process.hrtime.bigint();
    const facts = factsOf(res);
    res.setHeader("X-Request-Id", facts.id);
    res.once("close", () => {
      const ms = Number(process.hrtime.bigint() - began) / 1e6;
      metrics.observe(req.method, facts.route, res.statusCode, ms / 1000);
      write(log, req.method, res, facts, ms);
    });
    next();
  };
}

/** Workers ask again and again whether there is work: that is no news. */
export const INTERNAL_ROUTE = "/internal/v1";

function levelOf(method: string, route: string, status: number): "error" | "info" | "debug" {
  if (status >= 500) return "error";
  return status < 400 && (method === "GET" || route === INTERNAL_ROUTE) ? "debug" : "info";
}

function write(log: Logger, method: string, res: Response, facts: RequestFacts, ms: number): void {
  const level = levelOf(method, facts.route, res.statusCode);
  if (!log.isLevelEnabled(level)) return;
  log[level](
    {
      request: facts.id,
      method,
      route: facts.route,
      status: res.statusCode,
      ms: Math.round(ms * 10) / 10,
      principal: facts.principal,
      code: facts.code,
      complete: res.writableFinished,
    },
    "request",
  );
}
