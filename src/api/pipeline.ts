/**
 * The way of a request: authenticate → permission → parse → idempotency → handler → send.
 *
 * Rules: nothing of a body is read before the caller is known and permitted. What the schemas do not name is
 * refused. Only JSON under a limit is parsed, uncompressed; other bodies are streamed to the handler untouched.
 */

import express, { type Request, type Response } from "express";
import type { Registry } from "prom-client";
import {
  type Actor,
  GloveboxError,
  ID_PREFIXES,
  invalidInput,
  type PrincipalId,
  parseInput,
} from "../vocabulary/index.js";
import { authenticate } from "./authentication.js";
import { requireHolding } from "./coordinating.js";
import type { ApiDeps } from "./deps.js";
import { parseIfMatch } from "./etag.js";
import { bodyDigest, type Idempotency, parseIdempotencyKey } from "./idempotency.js";
import { requirePermission } from "./permissions.js";
import type { RateLimiter } from "./rate-limit.js";
import { factsOf } from "./request-log.js";
import type { Call, Reply, Route } from "./route.js";
import { templateOf } from "./route-table.js";
import { type JsonReply, sendBytes, sendEvents, sendJson } from "./send.js";
import type { StreamSlots } from "./stream-slots.js";

export interface Edge {
  deps: ApiDeps;
  limiter: RateLimiter;
  idempotency: Idempotency;
  slots: StreamSlots;
  registry: Registry;
}

const DEFAULT_BODY_LIMIT = 1 << 20;
const BODY_TIMEOUT_MS = 60_000;
/** Who calls a public route: nobody, who may do nothing. */
const NOBODY: Actor = { id: "" as PrincipalId, name: "nobody", roles: [] };

/** Answers one request for a route whose path gave these parameters. */
export type Server = (req: Request, res: Response, params: Record<string, string>) => Promise<void>;

export function serve(route: Route, edge: Edge): Server {
  const readBody = route.body ? jsonReader(route.bodyLimit ?? DEFAULT_BODY_LIMIT) : undefined;
  const template = templateOf(route);
  return async (req, res, given) => {
    const facts = factsOf(res);
    facts.route = template;
    for (const [name, value] of Object.entries(route.answers ?? {})) res.setHeader(name, value);
    const actor = route.permission === "public" ? NOBODY : await admit(route, req, edge);
    facts.principal = actor.id || undefined;
    const params = route.params ? parseInput(route.params, given) : {};
    const query = parseQuery(route, req);
    if (route.streamed) requireMedia(req, route.streamed.media);
    const body = readBody && route.body ? parseInput(route.body, await readBody(req, res)) : undefined;
    const call = callOf(edge, { actor, params, query, body, route, req, res });
    const reply = await answer(route, call, req, edge);
    if (edge.deps.settings?.checkReplies) checkReply(route, reply);
    await send(res, reply, edge, actor);
  };
}

async function admit(route: Route, req: Request, edge: Edge): Promise<Actor> {
  const actor = await authenticate(req, edge.deps.catalog.principals, edge.limiter);
  if (route.permission !== "public") requirePermission(actor.roles, route.permission);
  requireHolding(route, edge.deps.coordinating);
  return actor;
}

function parseQuery(route: Route, req: Request): unknown {
  if (route.query) return parseInput(route.query, { ...req.query });
  const extra = Object.keys(req.query)[0];
  if (extra !== undefined) throw invalidInput("query", "this call takes no query parameters");
  return {};
}

interface CallParts {
  actor: Actor;
  params: unknown;
  query: unknown;
  body: unknown;
  route: Route;
  req: Request;
  res: Response;
}

function callOf(edge: Edge, parts: CallParts): Call<unknown, unknown, unknown> {
  const { actor, params, query, body, req, res } = parts;
  let gone: AbortController | undefined;
  return {
    deps: edge.deps,
    registry: edge.registry,
    actor,
    params,
    query,
    body,
    request: req,
    ifMatch: parts.route.conditional ? parseIfMatch(req.headers["if-match"]) : undefined,
    get signal() {
      if (!gone) {
        const controller = new AbortController();
        gone = controller;
        res.once("close", () => controller.abort());
      }
      return gone.signal;
    },
  };
}

async function answer(
  route: Route,
  call: Call<unknown, unknown, unknown>,
  req: Request,
  edge: Edge,
): Promise<Reply> {
  const idempotent = route.idempotent;
  const key = idempotent ? parseIdempotencyKey(req.get("idempotency-key")) : undefined;
  if (!idempotent || key === undefined) return route.handler(call);
  return edge.idempotency.once(
    {
      principal: call.actor.id,
      route: `${route.method} ${route.path}`,
      key,
      bodySha256: bodyDigest(call.params, call.body),
      makes: ID_PREFIXES[idempotent.makes],
    },
    async () => asJson(await route.handler(call)),
    async (subject) => asJson(await idempotent.reread(call, subject)),
  );
}

function asJson(reply: Reply): JsonReply {
  if (reply.kind !== "json") throw new Error("an idempotent route answers JSON");
  return reply;
}

async function send(res: Response, reply: Reply, edge: Edge, actor: Actor): Promise<void> {
  switch (reply.kind) {
    case "json":
      return sendJson(res, reply);
    case "text":
      for (const [name, value] of Object.entries(reply.headers ?? {})) res.setHeader(name, value);
      res.setHeader("Content-Type", reply.media);
      res.end(reply.body);
      return;
    case "bytes":
      return sendBytes(res, reply);
    case "events": {
      const leave = edge.slots.enter(actor.id, () => res.end());
      try {
        const { principals } = edge.deps.catalog;
        await sendEvents(res, reply, () => principals.named(actor.id)?.revoked === false);
      } finally {
        leave();
      }
    }
  }
}

function checkReply(route: Route, reply: Reply): void {
  if (reply.kind !== "json") return;
  const spec = route.responses[reply.status];
  if (!spec) throw new Error(`${route.name} answered ${reply.status}, which it does not declare`);
  spec.schema?.parse(reply.body);
}

const mediaOf = (req: Request): string =>
  (req.headers["content-type"] ?? "").split(";")[0]!.trim().toLowerCase();

function requireMedia(req: Request, media: readonly string[]): void {
  if (!media.includes(mediaOf(req))) throw invalidInput("Content-Type", `must be ${media.join(" or ")}`);
  if (req.headers["content-encoding"] !== undefined) {
    throw invalidInput("Content-Encoding", "compressed bodies are not taken");
  }
}

function jsonReader(limit: number): (req: Request, res: Response) => Promise<unknown> {
  const parse = express.json({ limit, strict: true, inflate: false, type: () => true });
  return async (req, res) => {
    requireMedia(req, ["application/json"]);
    const late = setTimeout(() => req.destroy(), BODY_TIMEOUT_MS);
    try {
      await new Promise<void>((resolve, reject) => {
        parse(req, res, (error?: unknown) => (error === undefined ? resolve() : reject(error)));
      });
    } finally {
      clearTimeout(late);
    }
    if (req.body === undefined) throw new GloveboxError("invalid_input", { detail: "body: is missing" });
    return req.body as unknown;
  };
}
