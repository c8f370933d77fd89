/** The demo's people, each a client of the HTTP API with a token of their own; auditors hold their signing keys. */
import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import canonicalize from "canonicalize";
import { GloveboxError } from "../../vocabulary/index.js";

export type Json = Record<string, unknown>;

export interface Reply<T> {
  status: number;
  body: T;
}

/** One person at the HTTP API. A reply outside 2xx throws, unless the status is one of `accept`. */
export class Person {
  private readonly signing: { publicKey: string; privateKey: KeyObject } | undefined;

  constructor(
    readonly name: string,
    private readonly url: string,
    private readonly token: string,
    withKey = false,
  ) {
    if (!withKey) return;
    const pair = generateKeyPairSync("ed25519");
    const raw = pair.publicKey.export({ format: "der", type: "spki" }).subarray(-32);
    this.signing = { publicKey: raw.toString("base64"), privateKey: pair.privateKey };
  }

  async registerKey(): Promise<void> {
    await this.call("PUT", "/api/v1/me/key", { public_key: this.signing?.publicKey });
  }

  async call<T = Json>(method: string, path: string, body?: Json, accept: number[] = []): Promise<T> {
    const reply = await this.send(method, path, body);
    const answer = (await reply.json()) as T;
    if (!reply.ok && !accept.includes(reply.status)) throw unexpected(method, path, reply.status, answer);
    return answer;
  }

  /** The bytes of a file. */
  async bytes(path: string): Promise<Buffer> {
    const reply = await this.send("GET", path);
    if (!reply.ok) throw unexpected("GET", path, reply.status, await reply.json());
    return Buffer.from(await reply.arrayBuffer());
  }

  async put(path: string, mediaType: string, content: Buffer): Promise<Json> {
    const reply = await this.send("PUT", path, content, mediaType);
    const answer = (await reply.json()) as Json;
    if (!reply.ok) throw unexpected("PUT", path, reply.status, answer);
    return answer;
  }

  /** Base64 Ed25519 over the RFC 8785 form. */
  sign(statement: Json): string {
    const text = canonicalize(statement);
    if (!this.signing || text === undefined)
      throw new GloveboxError("internal", { detail: `${this.name} has no key` });
    return sign(null, Buffer.from(text), this.signing.privateKey).toString("base64");
  }

  private send(
    method: string,
    path: string,
    body?: Json | Buffer,
    mediaType = "application/json",
  ): Promise<Response> {
    const headers: Record<string, string> = { authorization: `Bearer ${this.token}` };
    if (body !== undefined) headers["content-type"] = mediaType;
    const payload =
      body === undefined ? undefined : Buffer.isBuffer(body) ? new Uint8Array(body) : JSON.stringify(body);
    return fetch(this.url + path, { method, headers, body: payload });
  }
}

function unexpected(method: string, path: string, status: number, answer: unknown): GloveboxError {
  const detail = (answer as { detail?: string }).detail ?? "";
  return new GloveboxError("internal", { detail: `${method} ${path} answered ${status}: ${detail}` });
}
