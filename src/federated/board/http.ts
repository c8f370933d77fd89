/**
 * The board over HTTP, for the domains of its collaborations: /federation/v1, with requests that they sign.
 *
 * Rules: nothing of a body is read before the signature over method, path and digest is checked; the digest binds the body
 * to it. A blob's digest is its name. Who is not of a collaboration is answered as if it were not there.
 */
import express, { type Request, type Response, Router } from "express";
import { type Clock, GloveboxError, invalidInput } from "../../vocabulary/index.js";
import { bodyDigest, RequestVerifier } from "../messages/request.js";
import { type BoardService, MAX_BLOB_BYTES } from "./board.js";

const MAX_MESSAGE_BYTES = 1 << 20;
const MAX_WAIT_SECONDS = 25;
const DIGEST = /^sha-256=:([A-Za-z0-9+/]{43}=):$/;

/** Hex of the digest that the request says its body has. */
function statedDigest(req: Request): string {
  const stated = DIGEST.exec(req.get("content-digest") ?? "");
  if (!stated)
    throw new GloveboxError("unauthenticated", { detail: "the request says no digest of its body" });
  return Buffer.from(stated[1]!, "base64").toString("hex");
}

export function boardRouter(board: BoardService, clock: Clock): Router {
  const verifier = new RequestVerifier(clock);
  const signer = (req: Request): string => {
    const query = req.originalUrl.indexOf("?");
    return verifier.signer(
      {
        method: req.method,
        path: query === -1 ? req.originalUrl : req.originalUrl.slice(0, query),
        query: query === -1 ? "" : req.originalUrl.slice(query),
        digest: statedDigest(req),
      },
      { signatureInput: req.get("signature-input"), signature: req.get("signature") },
    );
  };
  const body = (limit: number) => express.raw({ limit, inflate: false, type: () => true });
  const read = async (req: Request, res: Response, limit: number): Promise<Buffer> => {
    await new Promise<void>((resolve, reject) =>
      body(limit)(req, res, (error?: unknown) => (error === undefined ? resolve() : reject(error))),
    );
    const bytes = Buffer.isBuffer(req.body) ? req.body : Buffer.alloc(0);
    if (bodyDigest(bytes) !== statedDigest(req)) throw invalidInput("Content-Digest", "is not the body's");
    return bytes;
  };
  const router = Router();
  router.get("/boards/:id", (req, res) => {
    const row = board.row(req.params.id, signer(req));
    res.json({ id: row.id, spec: row.spec });
  });
  router.get("/boards/:id/messages", async (req, res) => {
    const { id } = board.row(req.params.id, signer(req));
    const after = wholeOf(req.query.after, "after", 1e15);
    const wait = wholeOf(req.query.wait, "wait", MAX_WAIT_SECONDS);
    res.json({ items: await board.messages(id, after, wait) });
  });
  router.post("/boards/:id/messages", async (req, res) => {
    const key = signer(req);
    const { id } = board.row(req.params.id, key);
    const signed = jsonOf(await read(req, res, MAX_MESSAGE_BYTES));
    const message = (signed as { message?: { author?: unknown; collaboration?: unknown } })?.message;
    if (message?.author !== key || message?.collaboration !== id)
      throw invalidInput("message", "is another's, or of another collaboration");
    res.status(201).json({ seq: board.take(signed) });
  });
  router.put("/boards/:id/blobs/:sha256", async (req, res) => {
    const { id } = board.row(req.params.id, signer(req));
    await board.putBlob(id, req.params.sha256, await read(req, res, MAX_BLOB_BYTES));
    res.status(204).end();
  });
  router.get("/boards/:id/blobs/:sha256", async (req, res) => {
    const { id } = board.row(req.params.id, signer(req));
    res.type("application/octet-stream").send(await board.blob(id, req.params.sha256));
  });
  return router;
}

function wholeOf(given: unknown, name: string, most: number): number {
  const number = given === undefined ? 0 : Number(given);
  if (!Number.isInteger(number) || number < 0 || number > most) throw invalidInput(name, "is out of range");
  return number;
}

function jsonOf(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    throw invalidInput("body", "is not JSON");
  }
}
