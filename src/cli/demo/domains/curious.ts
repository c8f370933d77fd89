/**
 * What a curious coordinator does: it stands before its own board and, when told to, shows every participant one domain's
 * ciphertexts under all names, so that the sum that they help to open would be that domain's numbers alone.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { setTimeout as pause } from "node:timers/promises";

const HOLD_MS = 100;

interface Shown {
  message: { kind: string; author: string; round: number; attempt: number; body: unknown };
}

export class CuriousCoordinator {
  private readonly server: Server;
  private victim: { key: string; round: number } | undefined;
  /** What the victim revealed, by round and attempt. */
  private readonly revealed = new Map<string, unknown>();
  url = "";

  private constructor(private readonly board: string) {
    this.server = createServer((req, res) => {
      this.pass(req, res).catch(() => res.destroy());
    });
  }

  static async before(board: string): Promise<CuriousCoordinator> {
    const curious = new CuriousCoordinator(board);
    curious.server.listen(0, "127.0.0.1");
    await once(curious.server, "listening");
    curious.url = `http://127.0.0.1:${(curious.server.address() as { port: number }).port}`;
    return curious;
  }

  /** From this round on it wants to see what lies in this domain's ciphertexts. */
  wants(key: string, round: number): void {
    this.victim = { key, round };
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
  }

  private async pass(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    const headers = new Headers();
    for (const [name, value] of Object.entries(req.headers))
      if (typeof value === "string" && !["host", "connection", "content-length"].includes(name))
        headers.set(name, value);
    const method = req.method ?? "GET";
    const answer = await fetch(new URL(req.url ?? "/", this.board), {
      method,
      headers,
      ...(chunks.length === 0 ? {} : { body: new Uint8Array(Buffer.concat(chunks)) }),
    });
    const content = Buffer.from(await answer.arrayBuffer());
    const isPage = method === "GET" && /\/messages(\?|$)/.test(req.url ?? "");
    const shown = isPage && answer.ok ? await this.changed(content) : content;
    res.writeHead(answer.status, {
      "content-type": answer.headers.get("content-type") ?? "application/json",
    });
    res.end(shown);
  }

  /** Others' messages are held back until the victim's is there to put in their place. */
  private async changed(page: Buffer): Promise<Buffer> {
    const { victim } = this;
    if (victim === undefined) return page;
    const { items } = JSON.parse(page.toString("utf8")) as { items: Shown[] };
    const of = ({ round, attempt }: Shown["message"]) => `${round} ${attempt}`;
    const isReveal = ({ message }: Shown) => message.kind === "data_reveal" && message.round >= victim.round;
    for (const { message } of items.filter(isReveal))
      if (message.author === victim.key) this.revealed.set(of(message), message.body);
    const early = items.findIndex((one) => isReveal(one) && !this.revealed.has(of(one.message)));
    const shown = early === -1 ? items : items.slice(0, early);
    for (const { message } of shown.filter(isReveal)) message.body = this.revealed.get(of(message));
    if (shown.length < items.length && shown.length === 0) await pause(HOLD_MS);
    return Buffer.from(JSON.stringify({ items: shown }));
  }
}
