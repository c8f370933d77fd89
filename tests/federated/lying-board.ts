/**
 * A coordinator that lies: it stands between the participants and a real board, and shows each of them what a test says.
 * It holds no key of theirs; what it changes is what any coordinator could. Everything it is not told to lie about
 * passes as it is.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import type { CollaborationSpec } from "../../src/federated/collaborations/spec.js";
import type { SignedMessage } from "../../src/federated/messages/message.js";

export type Shown = SignedMessage & { seq: number };

/** All of one collaboration. `to` and `from` are domains' keys. */
export interface Lies {
  spec?(spec: CollaborationSpec, to: string): CollaborationSpec;
  /** @param all every message of the board from its first, as the real one has them */
  board?(all: Shown[], to: string): Shown[];
  /** undefined: it says that it has none. */
  blob?(content: Buffer, to: string, sha256: string): Buffer | undefined;
  /** The place that it tells who posted. */
  posted?(seq: number, from: string): number;
}

const ROUTE = /^\/federation\/v1\/boards\/([^/?]+)(\/messages|\/blobs)?/;
const KEY = /keyid="([^"]+)"/;
const HEADERS = ["signature-input", "signature", "content-digest"];

export class LyingBoard {
  private readonly lies = new Map<string, Lies>();
  /** How often each domain asked for anything of a collaboration. */
  readonly asked = new Map<string, number>();
  private server: Server | undefined;

  /** @param messages all of a collaboration, as they lie at the coordinator */
  constructor(
    private readonly real: string,
    private readonly messages: (collaboration: string) => Shown[],
  ) {}

  async listen(): Promise<string> {
    const server = createServer((req, res) => {
      this.answer(req, res).catch(() => res.destroy());
    });
    this.server = server;
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  lie(collaboration: string, lies: Lies): void {
    this.lies.set(collaboration, lies);
  }

  askedBy = (collaboration: string, key: string): number => this.asked.get(`${collaboration} ${key}`) ?? 0;

  async close(): Promise<void> {
    this.server?.closeAllConnections();
    await new Promise((resolve) => this.server?.close(resolve));
  }

  private all = (id: string): Shown[] => structuredClone(this.messages(id));

  private async answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const [, id = "", place] = ROUTE.exec(req.url ?? "") ?? [];
    const who = KEY.exec(String(req.headers["signature-input"]))?.[1] ?? "";
    this.asked.set(`${id} ${who}`, this.askedBy(id, who) + 1);
    const lies = this.lies.get(id) ?? {};
    const body = req.method === "GET" ? undefined : await buffer(req);
    if (req.method === "GET" && place === "/messages")
      // Also who was asking already is lied to from now on.
      return this.show(req, res, () => this.lies.get(id)?.board?.(this.all(id), who) ?? this.all(id));
    const real = await this.pass(req, body);
    if (!real.ok) return send(res, real.status, Buffer.from(await real.arrayBuffer()));
    const content = Buffer.from(await real.arrayBuffer());
    if (req.method === "GET" && place === undefined && lies.spec) {
      const told = JSON.parse(content.toString("utf8")) as { id: string; spec: CollaborationSpec };
      return send(res, 200, json({ ...told, spec: lies.spec(told.spec, who) }));
    }
    if (req.method === "GET" && place === "/blobs" && lies.blob) {
      const given = lies.blob(content, who, req.url!.split("/").at(-1)!);
      return given === undefined ? send(res, 404, json({})) : send(res, 200, given);
    }
    if (req.method === "POST" && (lies.posted || lies.board)) {
      const { seq } = JSON.parse(content.toString("utf8")) as { seq: number };
      const signed = JSON.parse(body!.toString("utf8")) as SignedMessage;
      // Whoever lies about the board keeps to it, unless it is to be caught at that.
      const shown = lies.board?.(this.all(id), who) ?? [];
      const place = shown.find((m) => m.signature === signed.signature)?.seq ?? seq;
      return send(res, 201, json({ seq: lies.posted?.(seq, who) ?? place }));
    }
    send(res, real.status, content);
  }

  /** Waits for news as a real board does. */
  private async show(req: IncomingMessage, res: ServerResponse, board: () => Shown[]): Promise<void> {
    const query = new URL(req.url!, this.real).searchParams;
    const news = (): Shown[] => board().filter((m) => m.seq > Number(query.get("after")));
    const until = Date.now() + 1000 * Number(query.get("wait"));
    let items = news();
    while (items.length === 0 && Date.now() < until && !res.destroyed) {
      await delay(20);
      items = news();
    }
    send(res, 200, json({ items: items.slice(0, 100) }));
  }

  private pass(req: IncomingMessage, body: Buffer | undefined): Promise<Response> {
    const headers = HEADERS.flatMap((name) =>
      req.headers[name] === undefined ? [] : [[name, String(req.headers[name])] as [string, string]],
    );
    return fetch(new URL(req.url!, this.real), {
      method: req.method!,
      headers,
      ...(body === undefined ? {} : { body: new Uint8Array(body) }),
    });
  }
}

const json = (document: unknown): Buffer => Buffer.from(JSON.stringify(document), "utf8");

function send(res: ServerResponse, status: number, body: Buffer): void {
  res.writeHead(status, { "content-length": body.length });
  res.end(body);
}
