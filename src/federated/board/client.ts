/**
 * A board at another node: what a participant posts and reads, in requests that it signs. It only ever connects outward.
 *
 * Rules: an answer is trusted for nothing: messages are checked by who reads them, blobs by their name.
 */
import { z } from "zod";
import { contentHash } from "../../privacy/index.js";
import { type Clock, GloveboxError, invalidInput } from "../../vocabulary/index.js";
import type { BoardMessage } from "../collaborations/rows.js";
import { type CollaborationSpec, collaborationSpec } from "../collaborations/spec.js";
import { type SignedMessage, signedMessageSchema } from "../messages/message.js";
import { bodyDigest, signRequest } from "../messages/request.js";
import { type Board, MAX_BLOB_BYTES } from "./board.js";

const TIMEOUT_MS = 60_000;
const MAX_ANSWER_BYTES = 8 * 1024 * 1024;

const boardAnswer = z.object({ id: z.string(), spec: collaborationSpec });
const page = z.object({
  items: z.array(signedMessageSchema.extend({ seq: z.int().min(1) })).max(1_000),
});
const placed = z.object({ seq: z.int().min(1) });

/** The coordinator did not answer: it may later. */
export class Unreached extends GloveboxError {
  constructor(cause: unknown) {
    super("state_conflict", { detail: "the coordinator cannot be reached" }, cause);
  }
}

type SigningKey = { publicKey: string; sign(bytes: Uint8Array): Buffer };

export class BoardClient implements Board {
  constructor(
    private readonly url: string,
    private readonly key: SigningKey,
    private readonly clock: Clock,
    private readonly stop: AbortSignal,
  ) {}

  async spec(collaboration: string): Promise<CollaborationSpec> {
    return boardAnswer.parse(await this.json("GET", `/boards/${collaboration}`)).spec;
  }

  async post(signed: SignedMessage): Promise<number> {
    const body = Buffer.from(JSON.stringify(signed), "utf8");
    return placed.parse(await this.json("POST", `/boards/${signed.message.collaboration}/messages`, body))
      .seq;
  }

  async putBlob(collaboration: string, sha256: string, content: Buffer): Promise<void> {
    await this.call("PUT", `/boards/${collaboration}/blobs/${sha256}`, content);
  }

  async blob(collaboration: string, sha256: string): Promise<Buffer> {
    const content = await this.call(
      "GET",
      `/boards/${collaboration}/blobs/${sha256}`,
      undefined,
      MAX_BLOB_BYTES,
    );
    if (contentHash(content) !== sha256) throw invalidInput("blob", "is not what its name says");
    return content;
  }

  async messages(collaboration: string, after: number, waitSeconds: number): Promise<BoardMessage[]> {
    const query = `?after=${after}&wait=${waitSeconds}`;
    return page.parse(await this.json("GET", `/boards/${collaboration}/messages${query}`)).items;
  }

  private async json(method: string, path: string, body?: Buffer): Promise<unknown> {
    return JSON.parse((await this.call(method, path, body)).toString("utf8"));
  }

  /** @throws state_conflict, not_found as the board says; Unreached */
  private async call(method: string, path: string, body?: Buffer, limit = MAX_ANSWER_BYTES): Promise<Buffer> {
    const url = new URL(`/federation/v1${path}`, this.url);
    const parts = {
      method,
      path: url.pathname,
      query: url.search,
      digest: bodyDigest(body ?? Buffer.alloc(0)),
    };
    let answer: Response;
    try {
      answer = await fetch(url, {
        method,
        headers: signRequest(parts, this.key, this.clock),
        ...(body === undefined ? {} : { body: new Uint8Array(body) }),
        signal: AbortSignal.any([this.stop, AbortSignal.timeout(TIMEOUT_MS)]),
        redirect: "error",
      });
    } catch (error) {
      throw new Unreached(error);
    }
    const content = await bounded(answer, limit);
    if (answer.ok) return content;
    throw new GloveboxError(answer.status === 404 ? "not_found" : "state_conflict", {
      detail: `the coordinator refused with status ${answer.status}`,
    });
  }
}

async function bounded(answer: Response, limit: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of answer.body ?? []) {
    size += chunk.length;
    if (size > limit) throw new GloveboxError("too_large", { detail: "the coordinator's answer" });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
