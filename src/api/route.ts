/**
 * A route is a declaration: what is called, who may, what comes in, what goes out, and the handler.
 *
 * Rules: everything that a client can rely on is in the declaration, so that the OpenAPI document, the
 * permission check, the parser and the reference pages cannot disagree. A handler calls one service and
 * shapes the answer; it decides nothing.
 */
import type { Readable } from "node:stream";
import type { Request } from "express";
import type { Registry } from "prom-client";
import type { z } from "zod";
import type { Actor, ErrorCode, IdKind } from "../vocabulary/index.js";
import type { ApiDeps } from "./deps.js";
import type { Permission } from "./permissions.js";

export const TAGS = {
  principals: "Principals",
  datasets: "Datasets",
  grants: "Grants",
  queries: "Queries",
  jobs: "Jobs",
  releases: "Releases",
  collaborations: "Collaborations",
  ledger: "Ledger",
  node: "The node",
} as const;
export const TAGS_ZH: Record<keyof typeof TAGS, string> = {
  principals: "主体",
  datasets: "数据资源",
  grants: "授权",
  queries: "查询",
  jobs: "任务",
  releases: "放行",
  collaborations: "跨域协作",
  ledger: "存证账本",
  node: "节点",
};
export type Tag = keyof typeof TAGS;

/** A JSON answer, or bytes of a media type. */
export interface ResponseSpec {
  description: string;
  schema?: z.ZodType;
  /** Media types other than JSON; the body is then bytes. */
  media?: readonly string[];
  /** Media types in which the JSON can be had too, as bytes. */
  also?: readonly string[];
}

/** A body that is streamed to the handler instead of parsed. */
export interface StreamedBody {
  media: readonly string[];
  description: string;
}

export interface HeaderSpec {
  description: string;
  required?: boolean;
}

export interface Call<P, Q, B> {
  deps: ApiDeps;
  /** The application's own metrics. */
  registry: Registry;
  actor: Actor;
  params: P;
  query: Q;
  body: B;
  /** The revision that the client says it read; undefined when it sent no If-Match. */
  ifMatch: number | undefined;
  /** Ends when the client goes away. */
  signal: AbortSignal;
  request: Request;
}

export interface EventSink {
  send(event: { id?: string; type: string; data: unknown }): void;
  end(): void;
}

export type Reply =
  | {
      kind: "json";
      status: number;
      body: unknown;
      etag?: number;
      headers?: Record<string, string>;
      /** The id of what was created or changed; kept with the answer of an Idempotency-Key. */
      subject?: string;
    }
  | { kind: "text"; media: string; body: string; headers?: Record<string, string> }
  | { kind: "bytes"; media: string; stream: Readable; bytes?: number; name?: string; sha256?: string }
  | { kind: "events"; open(sink: EventSink): () => void };

export interface RouteSpec<P, Q, B> {
  /** The OpenAPI operationId. */
  name: string;
  method: "get" | "post" | "put" | "patch" | "delete" | "options";
  /** With `{params}`; below /api/v1 unless `root`. */
  path: string;
  root?: boolean;
  tag: Tag;
  summary: string;
  summary_zh: string;
  /** `public` needs no token. */
  permission: Permission | "public";
  params?: z.ZodType<P>;
  query?: z.ZodType<Q>;
  body?: z.ZodType<B>;
  /** Request headers of its own, which the handler reads. */
  headers?: Readonly<Record<string, HeaderSpec>>;
  /** Headers that stand on every answer, errors included. */
  answers?: Readonly<Record<string, string>>;
  /** How large a JSON body may be; 1 MiB when not said. */
  bodyLimit?: number;
  streamed?: StreamedBody;
  responses: Record<number, ResponseSpec>;
  errors?: readonly ErrorCode[];
  /** Takes If-Match with the ETag of the resource. */
  conditional?: boolean;
  /**
   * Takes Idempotency-Key. `reread` fetches what an earlier call made, as the present caller may see it: it
   * authorises a replay, and stands in for an answer that a crash kept from being stored.
   */
  idempotent?: {
    /** What the call makes or changes, which its ledger entry is about. */
    makes: IdKind;
    reread(call: Call<P, Q, B>, subject: string): Reply | Promise<Reply>;
  };
  handler(call: Call<P, Q, B>): Reply | Promise<Reply>;
}

/** What the edge works with: the types of one route's input are its own affair. */
export type Route = RouteSpec<unknown, unknown, unknown>;

export function defineRoute<P = unknown, Q = unknown, B = unknown>(spec: RouteSpec<P, Q, B>): Route {
  return spec as Route;
}

/** A JSON answer with the ETag of its revision. */
export function json(
  status: number,
  body: unknown,
  more: { etag?: number; location?: string; subject?: string } = {},
): Reply {
  return {
    kind: "json",
    status,
    body,
    ...(more.etag === undefined ? {} : { etag: more.etag }),
    ...(more.location === undefined ? {} : { headers: { Location: more.location } }),
    ...(more.subject === undefined ? {} : { subject: more.subject }),
  };
}

/** A file's canonical bytes under its name, as a room hands it out. */
export function file(
  name: string,
  given: { stream: Readable; info: { bytes: number; sha256: string } },
): Reply {
  const { stream, info } = given;
  return {
    kind: "bytes",
    media: "application/octet-stream",
    stream,
    bytes: info.bytes,
    name,
    sha256: info.sha256,
  };
}
