/**
 * The client of the HTTP API. Over node:http, so that bodies and answers of any size stream without time limits of
 * somebody else's choosing.
 *
 * Rule: the token goes to the node that the settings name and nowhere else: redirects are not followed.
 */
import { type IncomingMessage, request as plainRequest } from "node:http";
import { request as tlsRequest } from "node:https";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { ERRORS, type ErrorCode, type InputError } from "../vocabulary/index.js";
import { Failure, Refusal, Unreachable } from "./failure.js";

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json | undefined };

export interface SentBody {
  media: string;
  content: Buffer | Readable;
  bytes?: number;
}

interface Sending {
  body?: SentBody;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

export class Client {
  constructor(
    private readonly base: URL,
    private readonly token: string | undefined,
  ) {}

  async get<T>(path: string): Promise<T> {
    return this.json<T>("GET", path);
  }

  async post<T>(path: string, body: object = {}, headers: Record<string, string> = {}): Promise<T> {
    return this.json<T>("POST", path, { body: jsonBody(body), headers });
  }

  async put<T>(path: string, body: object | SentBody): Promise<T> {
    return this.json<T>("PUT", path, { body: "media" in body ? (body as SentBody) : jsonBody(body) });
  }

  async patch<T>(path: string, body: object): Promise<T> {
    return this.json<T>("PATCH", path, { body: jsonBody(body) });
  }

  async text(path: string): Promise<string> {
    return text(await this.open("GET", path));
  }

  /** The answer as a stream, once its status is known to be good. @throws Refusal, Unreachable */
  async open(method: string, path: string, sending: Sending = {}): Promise<IncomingMessage> {
    const answer = await this.send(method, path, sending);
    const status = answer.statusCode ?? 0;
    if (status >= 200 && status < 300) return answer;
    throw refusalOf(status, await text(answer));
  }

  private async json<T>(method: string, path: string, sending: Sending = {}): Promise<T> {
    const body = await text(await this.open(method, path, sending));
    return parsed<T>(body);
  }

  private async send(
    method: string,
    path: string,
    { body, headers, signal }: Sending,
  ): Promise<IncomingMessage> {
    const send = this.base.protocol === "https:" ? tlsRequest : plainRequest;
    const request = send(new URL(`${this.base.pathname.replace(/\/$/, "")}${path}`, this.base), {
      method,
      signal,
      headers: {
        accept: "application/json, */*",
        ...(this.token === undefined ? {} : { authorization: `Bearer ${this.token}` }),
        ...(body === undefined ? {} : { "content-type": body.media }),
        ...(body?.bytes === undefined ? {} : { "content-length": body.bytes }),
        ...headers,
      },
    });
    const answered = new Promise<IncomingMessage>((resolve, reject) => {
      request.once("response", resolve);
      request.once("error", reject);
    });
    if (body === undefined || Buffer.isBuffer(body.content)) request.end(body?.content);
    // An early answer closes the request; what it says counts, not that the rest was not taken.
    else pipeline(body.content, request).catch(() => undefined);
    try {
      return await answered;
    } catch (error) {
      throw unreachable(this.base, error);
    }
  }
}

/** @throws Failure without the text, which a parser's own error would quote. */
function parsed<T>(body: string): T {
  try {
    return JSON.parse(body) as T;
  } catch {
    throw new Failure("The answer is not that of a Glovebox node.", "应答并非来自 Glovebox 节点。");
  }
}

function jsonBody(body: object): SentBody {
  const content = Buffer.from(JSON.stringify(body));
  return { media: "application/json", content, bytes: content.length };
}

function unreachable(base: URL, error: unknown): Error {
  if (error instanceof Error && error.name === "AbortError") return error;
  const code = error instanceof Error && "code" in error ? ` (${String(error.code)})` : "";
  return new Unreachable(
    `No answer from ${base.origin}${code}. Is the node up (glovebox up) and the address right?`,
    `无法连接 ${base.origin}${code}。请确认节点已启动（glovebox up）且地址正确。`,
  );
}

function refusalOf(status: number, body: string): Error {
  let problem: { code?: string; detail?: string; errors?: InputError[]; incident?: string };
  try {
    problem = JSON.parse(body) as typeof problem;
  } catch {
    problem = {};
  }
  const { code } = problem;
  if (code !== undefined && Object.hasOwn(ERRORS, code)) return new Refusal(code as ErrorCode, problem);
  return new Failure(
    `The answer (${status}) is not that of a Glovebox node.`,
    `应答（${status}）并非来自 Glovebox 节点。`,
  );
}
