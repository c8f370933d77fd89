/** Builds the HTTP application from the routes; the node listens with it. */
import express, {
  type ErrorRequestHandler,
  type Express,
  type NextFunction,
  type Request,
  type RequestHandler,
  type Response,
} from "express";
import type { Logger } from "pino";
import type { Registry } from "prom-client";
import { GloveboxError, traceOf } from "../vocabulary/index.js";
import type { ApiDeps } from "./deps.js";
import { Idempotency } from "./idempotency.js";
import { createMetrics } from "./metrics.js";
import { type Edge, type Server, serve } from "./pipeline.js";
import { knownError, languageOf, newIncident, type Problem, problemOf } from "./problem.js";
import { RateLimiter } from "./rate-limit.js";
import { factsOf, INTERNAL_ROUTE, requestLog } from "./request-log.js";
import { RouteTable, templateOf } from "./route-table.js";
import { ROUTES } from "./routes/index.js";
import { StreamSlots } from "./stream-slots.js";

export function createApi(deps: ApiDeps): Express {
  const app = express();
  app.disable("x-powered-by");
  app.set("etag", false);
  app.set("query parser", "simple");
  const metrics = createMetrics(deps.gauges);
  const edge = edgeOf(deps, metrics.registry);
  app.use(requestLog(deps.log, metrics), securityHeaders);
  app.use(dispatch(edge));
  app.use(FEDERATION_ROUTE, nameRoute(FEDERATION_ROUTE), deps.federation.router());
  if (deps.internal) app.use(INTERNAL_ROUTE, nameRoute(INTERNAL_ROUTE), deps.internal);
  app.use(() => {
    throw new GloveboxError("not_found", { detail: "There is no such call; see /docs." });
  });
  app.use(errorMapper(deps.log));
  return app;
}

/** What other domains call. */
const FEDERATION_ROUTE = "/federation/v1";

const nameRoute =
  (route: string): RequestHandler =>
  (_req, res, next) => {
    factsOf(res).route = route;
    next();
  };

function edgeOf(deps: ApiDeps, registry: Registry): Edge {
  const limiter = new RateLimiter(deps.settings?.rateLimits);
  deps.shutdown?.addEventListener("abort", () => limiter.close(), { once: true });
  const idempotency = new Idempotency({
    db: deps.store.db,
    sealer: deps.keys.sealer,
    clock: deps.clock,
    ledger: deps.ledger,
  });
  return { deps, limiter, idempotency, slots: new StreamSlots(deps.shutdown), registry };
}

/** One look-up for all routes; what they answer and throw is theirs. */
function dispatch(edge: Edge): RequestHandler {
  const table = new RouteTable<Server>();
  for (const route of ROUTES) table.add(route.method.toUpperCase(), templateOf(route), serve(route, edge));
  return (req, res, next) => {
    const found = table.find(req.method, req.path);
    return found ? found.value(req, res, found.params) : next();
  };
}

const HEADERS: Record<string, string> = {
  "X-Content-Type-Options": "nosniff",
  "Cache-Control": "no-store",
  "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Referrer-Policy": "no-referrer",
};

function securityHeaders(req: Request, res: Response, next: NextFunction): void {
  for (const name in HEADERS) res.setHeader(name, HEADERS[name]!);
  if (req.secure) res.setHeader("Strict-Transport-Security", "max-age=31536000");
  next();
}

/** The last step: whatever was thrown becomes problem+json, and what is not ours becomes an incident in the log. */
export function errorMapper(log: Logger): ErrorRequestHandler {
  return (thrown: unknown, req: Request, res: Response, _next: NextFunction) => {
    const facts = factsOf(res);
    const known = knownError(thrown);
    const problem = problemOf(
      known ?? new GloveboxError("internal"),
      languageOf(req.headers["accept-language"]),
    );
    facts.code = problem.code;
    if (problem.code === "internal") report(log, problem, facts.id, facts.route, thrown);
    if (res.headersSent) {
      res.destroy();
      return;
    }
    for (const name of ["Content-Disposition", "Content-Length", "ETag"]) res.removeHeader(name);
    if (problem.code === "unauthenticated") res.setHeader("WWW-Authenticate", "Bearer");
    const wait = known?.params.retry_after;
    if (typeof wait === "number") res.setHeader("Retry-After", wait);
    if (!req.complete) linger(req);
    const body = Buffer.from(JSON.stringify(problem));
    res.statusCode = problem.status;
    res.setHeader("Content-Type", "application/problem+json");
    res.setHeader("Content-Length", body.length);
    res.end(body);
  };
}

const LINGER_MS = 5_000;

/**
 * A connection that is closed while its client still sends takes the answer with it. What comes of a refused body is
 * dropped for a moment; who goes on sending is cut off.
 */
function linger(req: Request): void {
  const cut = setTimeout(() => req.socket.destroy(), LINGER_MS).unref();
  const done = () => clearTimeout(cut);
  req.once("end", done).once("close", done).resume();
}

function report(log: Logger, problem: Problem, request: string, route: string, thrown: unknown): void {
  const cause = thrown instanceof GloveboxError ? (thrown.cause ?? thrown) : thrown;
  log.error({ incident: problem.incident ?? newIncident(), request, route, ...traceOf(cause) }, "incident");
}
