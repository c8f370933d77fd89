/**
 * A worker's line to control: HTTP with the worker's token.
 *
 * Rules: control may be away for a while (it is restarted); a call that may be repeated is repeated until it is
 * back or patience ends. `stale` is an answer, not a failure: the run is over, whoever else thinks otherwise.
 */
import { Readable } from "node:stream";
import type { ReadableStream } from "node:stream/web";
import { setTimeout as pause } from "node:timers/promises";
import { ERRORS, type ErrorCode, GloveboxError } from "../../vocabulary/index.js";
import type { RunState } from "../job.js";
import type { WorkerOffer } from "../jobs.js";
import type { Heartbeat, Lease, ReadyCounts, RunFacts, RunOutcome, StageInfo } from "../lease.js";

export interface ControlOptions {
  /** Of the node, such as http://127.0.0.1:4100. */
  url: string;
  token: string;
  /** How long a call is repeated while control is away. */
  patienceMs?: number;
}

interface Call {
  method: "GET" | "POST" | "PUT";
  path: string;
  lease?: Lease;
  json?: unknown;
  /** Opens the body anew for each try; without it, a body that cannot be sent twice. */
  body?: () => Readable | Buffer;
  once?: boolean;
}

const PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2_000;
const PATIENCE_MS = 120_000;
/** Making a View may take an engine a while. */
const TIMEOUT_MS = 600_000;

export class ControlClient {
  constructor(private readonly options: ControlOptions) {}

  /** Once, before the first claim. */
  async begin(): Promise<{ node: string }> {
    const response = await this.call({ method: "POST", path: "/begin" });
    return (await response.json()) as { node: string };
  }
  /** What this machine is, and truly has. */
  async offer(offer: WorkerOffer): Promise<void> {
    await this.call({ method: "POST", path: "/levels", json: offer });
  }
  async ready(counts: ReadyCounts): Promise<void> {
    await this.call({ method: "POST", path: "/ready", json: counts, once: true });
  }
  async claim(): Promise<Lease | undefined> {
    const response = await this.call({ method: "POST", path: "/claim", once: true });
    return response.status === 204 ? undefined : ((await response.json()) as Lease);
  }
  /** Those of the runs that are over. */
  async deadRuns(runs: readonly string[]): Promise<string[]> {
    const response = await this.call({ method: "POST", path: "/runs/dead", json: { runs }, once: true });
    return ((await response.json()) as { runs: string[] }).runs;
  }
  async heartbeat(lease: Lease): Promise<Heartbeat> {
    const response = await this.call({ method: "POST", path: of(lease, "heartbeat"), lease, once: true });
    return (await response.json()) as Heartbeat;
  }
  async stage(lease: Lease): Promise<StageInfo> {
    const response = await this.call({ method: "POST", path: of(lease, "stage"), lease });
    return (await response.json()) as StageInfo;
  }
  async object(lease: Lease, object: string): Promise<Readable> {
    const response = await this.call({ method: "GET", path: of(lease, `objects/${object}`), lease });
    if (!response.body) throw new GloveboxError("internal", { detail: "control sent no body" });
    return Readable.fromWeb(response.body as ReadableStream);
  }
  async advance(lease: Lease, state: RunState, facts?: RunFacts): Promise<void> {
    await this.call({ method: "POST", path: of(lease, "advance"), lease, json: { state, ...facts } });
  }
  /** @param body opened anew for each try; `once` where that is not possible */
  async putOutput(
    lease: Lease,
    name: string,
    body: () => Readable | Buffer,
    once: boolean,
  ): Promise<{ sha256: string; bytes: number }> {
    const path = of(lease, `outputs/${encodeURIComponent(name)}`);
    const response = await this.call({ method: "PUT", path, lease, body, once });
    return (await response.json()) as { sha256: string; bytes: number };
  }
  async finish(lease: Lease, outcome: RunOutcome): Promise<void> {
    await this.call({ method: "POST", path: of(lease, "finish"), lease, json: outcome });
  }
  async giveBack(lease: Lease): Promise<void> {
    await this.call({ method: "POST", path: of(lease, "give-back"), lease, once: true });
  }

  private async call(call: Call): Promise<Response> {
    const until = Date.now() + (call.once ? 0 : (this.options.patienceMs ?? PATIENCE_MS));
    for (let wait = PAUSE_MS; ; wait = Math.min(2 * wait, LONGEST_PAUSE_MS)) {
      try {
        return await this.send(call);
      } catch (error) {
        const away = !(error instanceof GloveboxError) || ERRORS[error.code].retryable;
        if (!away || Date.now() + wait > until) throw error;
        await pause(wait);
      }
    }
  }

  private async send(call: Call): Promise<Response> {
    const body = call.body?.() ?? (call.json === undefined ? undefined : JSON.stringify(call.json));
    const headers: Record<string, string> = { authorization: `Bearer ${this.options.token}` };
    if (call.json !== undefined) headers["content-type"] = "application/json";
    if (call.body) headers["content-type"] = "application/octet-stream";
    if (call.lease) headers["glovebox-fence"] = String(call.lease.fence);
    const response = await fetch(`${this.options.url}/internal/v1${call.path}`, {
      method: call.method,
      headers,
      body: body instanceof Readable ? Readable.toWeb(body) : body,
      signal: AbortSignal.timeout(TIMEOUT_MS),
      // Node's fetch asks for this where the body is a stream; its types do not know it.
      ...(body instanceof Readable ? { duplex: "half" } : {}),
    } as RequestInit);
    if (response.ok) return response;
    throw new GloveboxError(await codeOf(response), { detail: `control answered ${response.status}` });
  }
}

const of = (lease: Lease, what: string): string => `/runs/${lease.run}/${what}`;

async function codeOf(response: Response): Promise<ErrorCode> {
  const { code } = (await response.json().catch(() => ({}))) as { code?: string };
  return code !== undefined && code in ERRORS ? (code as ErrorCode) : "internal";
}
