/**
 * What workers call, as an express Router mounted at /internal/v1.
 *
 * Rules: a worker's token opens this and nothing else; a principal's token does not open it. A call that names a
 * run proves it by the fencing number. Errors say a code and nothing of what happened inside.
 */

import { pipeline } from "node:stream/promises";
import express, { type NextFunction, type Request, type Response, type Router } from "express";
import type { Logger } from "pino";
import { z } from "zod";
import { OUTCOMES, REFUSAL_REASONS } from "../sandbox/index.js";
import { namingFull } from "../store/index.js";
import {
  ERRORS,
  GloveboxError,
  ISOLATION_LEVELS,
  isId,
  parseInput,
  type RunId,
} from "../vocabulary/index.js";
import { RUN_STATES } from "./job.js";
import type { RunClaim, WorkerCalls, WorkerIdentity } from "./jobs.js";
import { traceOf } from "./trace.js";

const BODY_LIMIT = 256 * 1024;

const advanceInput = z.strictObject({
  state: z.enum(RUN_STATES),
  image: z
    .strictObject({
      name: z.string().max(200),
      reference: z.string().max(300),
      layers: z.array(z.string().max(200)).max(200),
      recipe: z.string().max(200),
      packages: z.string().max(200).optional(),
    })
    .optional(),
  isolation: z.enum(ISOLATION_LEVELS).optional(),
  ready: z.boolean().optional(),
});

const count = z.int().min(0);
const readyInput = z.strictObject({ waiting: count, memory_bytes: count, given: count, cold: count });

const levelsInput = z.strictObject({
  levels: z.array(z.enum(ISOLATION_LEVELS)).max(ISOLATION_LEVELS.length),
  machine: z.string().min(1).max(64),
});

const outcomeInput = z.strictObject({
  outcome: z.enum(OUTCOMES),
  exit_code: z.int().optional(),
  logs_truncated: z.boolean().optional(),
  refusals: z
    .array(
      z.strictObject({
        name: z.string().max(255).optional(),
        reason: z.enum(REFUSAL_REASONS),
        count: z.int(),
      }),
    )
    .max(100)
    .optional(),
  outputs: z
    .array(
      z.strictObject({ name: z.string().max(255), sha256: z.string().length(64), bytes: z.int().min(0) }),
    )
    .max(40),
});

const deadInput = z.strictObject({ runs: z.array(z.string().max(64)).max(1000) });

const identities = new WeakMap<Request, WorkerIdentity>();

function identity(req: Request): WorkerIdentity {
  const worker = identities.get(req);
  if (!worker) throw new GloveboxError("unauthenticated");
  return worker;
}

function claimOf(req: Request): RunClaim {
  const run = String(req.params.run);
  const fence = Number(req.get("glovebox-fence"));
  if (!isId("run", run) || !Number.isSafeInteger(fence)) throw new GloveboxError("not_found");
  return { worker: identity(req).id, run: run as RunId, fence };
}

type Handler = (req: Request, res: Response) => Promise<void> | void;
const handled = (work: Handler) => (req: Request, res: Response, next: NextFunction) => {
  Promise.resolve()
    .then(() => work(req, res))
    .catch(next);
};

export function internalRouter(calls: WorkerCalls, log: Logger): Router {
  const router = express.Router();
  router.use((req, _res, next) => {
    const token = /^Bearer (\S+)$/.exec(req.get("authorization") ?? "")?.[1];
    if (!token) return next(new GloveboxError("unauthenticated"));
    identities.set(req, calls.workerByToken(token));
    next();
  });
  const json = express.json({ limit: BODY_LIMIT });
  router.post(
    "/begin",
    handled((req, res) => void res.json(calls.begin(identity(req)))),
  );
  router.post(
    "/levels",
    json,
    handled((req, res) => {
      calls.offer(identity(req), parseInput(levelsInput, req.body));
      res.status(204).end();
    }),
  );
  router.post(
    "/ready",
    json,
    handled((req, res) => {
      calls.ready(identity(req), parseInput(readyInput, req.body));
      res.status(204).end();
    }),
  );
  router.post(
    "/claim",
    handled((req, res) => {
      const lease = calls.claim(identity(req));
      if (lease) res.json(lease);
      else res.status(204).end();
    }),
  );
  router.post(
    "/runs/dead",
    json,
    handled((req, res) => void res.json({ runs: calls.deadRuns(parseInput(deadInput, req.body).runs) })),
  );
  runRoutes(router, calls, json);
  router.use((error: unknown, _req: Request, res: Response, _next: NextFunction) =>
    answerError(error, res, log),
  );
  return router;
}

function runRoutes(router: Router, calls: WorkerCalls, json: express.RequestHandler): void {
  router.post(
    "/runs/:run/heartbeat",
    handled((req, res) => void res.json(calls.heartbeat(claimOf(req)))),
  );
  router.post(
    "/runs/:run/stage",
    handled(async (req, res) => void res.json(await calls.stage(claimOf(req)))),
  );
  router.post(
    "/runs/:run/advance",
    json,
    handled((req, res) => {
      const { state, ...facts } = parseInput(advanceInput, req.body);
      calls.advance(claimOf(req), state, facts);
      res.status(204).end();
    }),
  );
  router.get(
    "/runs/:run/objects/:object",
    handled(async (req, res) => {
      const stream = calls.object(claimOf(req), String(req.params.object));
      res.type("application/octet-stream");
      await pipeline(stream, res);
    }),
  );
  router.put(
    "/runs/:run/outputs/:name",
    handled(
      async (req, res) => void res.json(await calls.putOutput(claimOf(req), String(req.params.name), req)),
    ),
  );
  router.post(
    "/runs/:run/finish",
    json,
    handled(async (req, res) => {
      await calls.finish(claimOf(req), parseInput(outcomeInput, req.body));
      res.status(204).end();
    }),
  );
  router.post(
    "/runs/:run/give-back",
    handled((req, res) => {
      calls.giveBack(claimOf(req));
      res.status(204).end();
    }),
  );
}

function answerError(error: unknown, res: Response, log: Logger): void {
  if (res.headersSent) {
    res.destroy();
    return;
  }
  const named = namingFull(error);
  const known = named instanceof GloveboxError ? named : new GloveboxError("internal", {}, error);
  if (known.code === "internal") log.error({ ...traceOf(error) }, "a worker's call failed");
  res.status(ERRORS[known.code].status).type("application/problem+json").json({ code: known.code });
}
