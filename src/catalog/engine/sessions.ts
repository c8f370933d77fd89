/**
 * Versions that engines hold open, so that the next question of one begins at once.
 *
 * Rules: a session lives in one process and ends with it; it is known by its version's content address, so what it
 * answers cannot grow old; all sessions together hold no more bytes than the limit: the one that was not used for
 * longest is closed first. A session that is gone is opened again without the caller's knowledge, once a question.
 */
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { GloveboxError } from "../../vocabulary/index.js";
import type { Answer, EngineProcess } from "./exchange.js";
import {
  ENGINE_LIMITS,
  type FitInput,
  type OpenableVersion,
  type Queried,
  type QueryInput,
  type ScanHit,
  type UnitsFound,
  type UnitsInput,
} from "./model.js";
import type { EnginePool } from "./pool.js";
import type { RequestOf } from "./protocol.js";

interface Session {
  key: string;
  process: EngineProcess;
  bytes: number;
}

const MAX_REOPENED = 2;

/** Of one version its own; of several a hash over theirs, in order. */
const keyOf = (versions: readonly OpenableVersion[]): string =>
  versions.length === 1
    ? (versions[0] as OpenableVersion).key
    : createHash("sha256")
        .update(JSON.stringify(versions.map(({ key }) => key)))
        .digest("hex");

/** @throws engine_unavailable where it says another length than it sends */
async function exactly(source: Readable, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  let at = 0;
  for await (const part of source as AsyncIterable<Buffer>) {
    if (at + part.length > length) break;
    at += part.copy(bytes, at);
  }
  if (at !== length)
    throw new GloveboxError("engine_unavailable", { detail: "the engine ended unexpectedly" });
  return bytes;
}

function ordinalsIn(bytes: Buffer, width: 1 | 2 | 4): UnitsFound["of"] {
  const { buffer, byteOffset, length } = bytes;
  const whole = buffer.slice(byteOffset, byteOffset + length);
  return width === 1 ? new Uint8Array(whole) : width === 2 ? new Uint16Array(whole) : new Uint32Array(whole);
}

export class Sessions {
  /** In the order of their last use, oldest first. */
  private readonly open = new Map<string, Promise<Session>>();

  constructor(
    private readonly pool: EnginePool,
    /** What all sessions together may hold, in bytes. */
    private readonly limit: number,
  ) {}

  /** The versions that are open now: for figures and tests. */
  get keys(): string[] {
    return [...this.open.keys()];
  }

  async query(input: QueryInput): Promise<Queried> {
    const versions = [input.version, ...(input.others ?? [])];
    const request = {
      op: "query" as const,
      session: keyOf(versions),
      sql: input.sql,
      parameters: input.parameters ?? [],
      max_rows: input.maxRows,
      planned: input.planned ?? false,
      inputs: [] as [],
    };
    return (await this.ask(versions, request)).result;
  }

  async units(input: UnitsInput): Promise<UnitsFound> {
    const request = {
      op: "units" as const,
      session: keyOf([input.version]),
      cells: input.cells,
      units: input.units,
      lists: input.lists,
      parameters: input.parameters,
      max_cells: input.maxCells,
      max_units: ENGINE_LIMITS.unit_ordinals,
      inputs: [] as [],
    };
    const { result, outputs } = await this.ask([input.version], request);
    const bytes = await exactly(outputs[0] as Readable, result.units * result.width);
    return { cells: result.cells, lists: result.lists, of: ordinalsIn(bytes, result.width) };
  }

  async fit({ version, ...question }: FitInput): Promise<{ [key: string]: unknown }> {
    const request = { op: "fit" as const, session: keyOf([version]), ...question, inputs: [] as [] };
    return (await this.ask([version], request)).result.facts;
  }

  async search(
    version: OpenableVersion,
    sought: Omit<RequestOf<"search">, "op" | "session">,
    texts: readonly Buffer[],
  ): Promise<ScanHit[]> {
    const request = { op: "search" as const, session: keyOf([version]), ...sought };
    const inputs = () => texts.map((text) => Readable.from([text], { objectMode: false }));
    return (await this.ask([version], request, inputs)).result.hits;
  }

  /** `inputs` is called again where a session that died is opened again. */
  private async ask<Op extends "query" | "units" | "fit" | "search">(
    versions: readonly OpenableVersion[],
    request: RequestOf<Op>,
    inputs?: () => Readable[],
  ): Promise<Answer<Op>> {
    for (let attempt = 0; ; attempt++) {
      const session = await this.session(versions);
      const answer = await this.pool.askOf<Op>(session.process, request, inputs);
      if (answer) return answer;
      this.forget(session.key);
      // Several may have died at once; a question that kills whatever answers it is given up.
      if (attempt >= MAX_REOPENED)
        throw new GloveboxError("engine_unavailable", { detail: "the engine ended unexpectedly" });
    }
  }

  async prepare(versions: readonly OpenableVersion[]): Promise<void> {
    await this.session(versions);
  }

  private session(versions: readonly OpenableVersion[]): Promise<Session> {
    const key = keyOf(versions);
    const known = this.open.get(key);
    const session = known ?? this.begin(key, versions);
    this.open.delete(key);
    this.open.set(key, session);
    return session;
  }

  private async begin(key: string, versions: readonly OpenableVersion[]): Promise<Session> {
    try {
      const request = { op: "open" as const, session: key, inputs: versions.map(() => "parquet" as const) };
      const sources = versions.map(({ parquet }) => parquet());
      const { result, process } = await this.pool.askAny(request, sources);
      void process.gone.then(() => this.forget(key, process));
      const session = { key, process, bytes: result.bytes };
      // Once this one is settled, so that it counts too.
      setImmediate(() => void this.makeRoom(key));
      return session;
    } catch (error) {
      this.open.delete(key);
      throw error;
    }
  }

  /** Closes the oldest until the rest fits; the newest stays even where it alone does not. */
  private async makeRoom(newest: string): Promise<void> {
    const settled = await Promise.allSettled(this.open.values());
    const live = settled.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
    let bytes = live.reduce((sum, session) => sum + session.bytes, 0);
    for (const session of live) {
      if (bytes <= this.limit) return;
      if (session.key === newest) continue;
      bytes -= session.bytes;
      this.open.delete(session.key);
      const request = { op: "close" as const, session: session.key, inputs: [] as [] };
      // Where it cannot be closed its process is gone, and it with it.
      await this.pool.askOf(session.process, request).catch(() => undefined);
    }
  }

  private forget(key: string, process?: EngineProcess): void {
    const pending = this.open.get(key);
    void pending?.then(
      (session) => {
        if (this.open.get(key) === pending && (!process || session.process === process))
          this.open.delete(key);
      },
      () => undefined,
    );
  }
}
