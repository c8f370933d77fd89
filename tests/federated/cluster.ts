/**
 * Several domains and a coordinator in one process, each with its own store, ledger, vault, catalogue and engine; the
 * participants reach the coordinator's board over HTTP, through one that can lie (lying-board.ts).
 */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { Readable } from "node:stream";
import express from "express";
import { pino } from "pino";
import { errorMapper } from "../../src/api/index.js";
import type { CollaborationSpec } from "../../src/federated/collaborations/spec.js";
import type { Message, SignedMessage } from "../../src/federated/messages/message.js";
import type { LedgerRow } from "../../src/ledger/index.js";
import { openRooms, type Rooms } from "../../src/node/rooms.js";
import { writtenClaim } from "../../src/privacy/index.js";
import { type Actor, type Role, rfc3339, systemClock } from "../../src/vocabulary/index.js";
import { tempDir, until } from "../harness/index.js";
import { LyingBoard, type Shown } from "./lying-board.js";

export const NAMES = ["bureau", "hospital", "insurer"] as const;
export type Name = (typeof NAMES)[number];
const DAY = 86_400_000;
/** Of a busy machine. */
export const PATIENCE_MS = 90_000;
const silent = pino({ level: "silent" });

/** 40 people, `f` of them women, ages from `age` on. */
const peopleOf = (name: string, f: number, age: number): string =>
  [
    "id,sex,age",
    ...Array.from({ length: 40 }, (_, i) => `${name}-${i},${i < f ? "F" : "M"},${age + (i % 20)}`),
  ]
    .join("\n")
    .concat("\n");

export const PEOPLE: Record<Name, string> = {
  bureau: peopleOf("b", 18, 50),
  hospital: peopleOf("h", 22, 60),
  insurer: peopleOf("i", 15, 55),
};

export class Domain {
  readonly owner: Actor;
  readonly operator: Actor;

  private constructor(
    readonly name: string,
    readonly rooms: Rooms,
  ) {
    const { principals } = rooms.catalog;
    const admin = principals.byToken(principals.bootstrapAdmin()!.token)!;
    const add = (of: string, role: Role): Actor =>
      principals.byToken(principals.add(admin, { name: of, roles: [role] }).token)!;
    this.owner = add("owner", "owner");
    this.operator = add("operator", "operator");
    add("auditor", "auditor");
  }

  static async open(name: string, dataDir: string, people?: string): Promise<Domain> {
    const rooms = openRooms({ dataDir, domain: name, keyFile: `${dataDir}.key` }, silent, systemClock);
    const domain = new Domain(name, rooms);
    if (people !== undefined) await domain.fill(people);
    return domain;
  }

  private async fill(people: string): Promise<void> {
    const { datasets } = this.rooms.catalog;
    datasets.create(this.owner, {
      name: "records",
      unit_column: "id",
      auditors: ["auditor"],
      columns: [
        { name: "id", class: "identifier", grade: 3 },
        { name: "sex", grade: 3, categories: ["F", "M"] },
      ],
    });
    await datasets.putContent(this.owner, "records", Readable.from([people]), "text/csv");
    datasets.assess(this.owner, "records");
    datasets.publish(this.owner, "records");
  }

  get key(): string {
    return this.rooms.keys.identity.publicKey;
  }

  /** Entries about a collaboration, oldest first. */
  entries(id: string): LedgerRow[] {
    return this.rooms.ledger.about(id);
  }

  /** What entries of a kind say. */
  told(id: string, kind: string): Record<string, unknown>[] {
    return this.entries(id)
      .filter((e) => e.kind === kind)
      .map((e) => this.rooms.ledger.opening(e.seq).data as Record<string, unknown>);
  }

  /** What this domain said in a round, kind by kind. */
  said(id: string, round: number): Message[] {
    return this.rooms.store.db
      .prepare(
        "SELECT signed FROM board_messages WHERE collaboration = ? AND author = ? AND round = ? ORDER BY number",
      )
      .pluck()
      .all(id, this.key, round)
      .map((signed) => (JSON.parse(String(signed)) as { message: Message }).message);
  }

  opened = (id: string, round: number): boolean =>
    this.rooms.store.db
      .prepare("SELECT 1 FROM round_results WHERE collaboration = ? AND round = ?")
      .get(id, round) !== undefined;

  state = (id: string): string => this.rooms.federation.get(id).state;

  consent(spec: string): void {
    this.rooms.catalog.grants.create(this.owner, {
      principal: "operator",
      dataset: "records",
      purpose: "sums over three domains",
      access: "query",
      job_kinds: ["aggregate"],
      constraints: { collaboration: spec },
      expires_at: rfc3339(systemClock.now() + DAY),
    });
  }
}

/** All that is on a board, in its order, from the coordinator's database. */
export const boardOf = (db: Rooms["store"]["db"], id: string): Shown[] =>
  (
    db
      .prepare(
        "SELECT seq, signed FROM board_messages WHERE collaboration = ? AND seq IS NOT NULL ORDER BY seq",
      )
      .all(id) as { seq: number; signed: string }[]
  ).map(({ seq, signed }) => ({ ...(JSON.parse(signed) as SignedMessage), seq }));

export interface Participant {
  name: string;
  /** In whose place it is. */
  place: Name;
  key: string;
  /** Accepts the invitation and joins. */
  join(url: string, id: string, coordinator: string): Promise<void>;
}

export class Cluster {
  private constructor(
    readonly coordinator: Domain,
    readonly domains: Record<Name, Domain>,
    readonly board: LyingBoard,
    private readonly url: string,
    private readonly server: Server,
    private readonly folder: { remove(): void },
  ) {}

  static async open(): Promise<Cluster> {
    const folder = tempDir("cluster");
    const at = (name: string): string => join(folder.path, name);
    const coordinator = await Domain.open("coordinator", at("coordinator"));
    const list = await Promise.all(NAMES.map((name) => Domain.open(name, at(name), PEOPLE[name])));
    const app = express();
    app.use("/federation/v1", coordinator.rooms.federation.router());
    app.use(errorMapper(silent));
    const server = createServer(app);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const real = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const board = new LyingBoard(real, (id) => boardOf(coordinator.rooms.store.db, id));
    const url = await board.listen();
    const domains = Object.fromEntries(list.map((d) => [d.name, d])) as Record<Name, Domain>;
    return new Cluster(coordinator, domains, board, url, server, folder);
  }

  async close(): Promise<void> {
    await Promise.all(Object.values(this.domains).map((d) => d.rooms.close()));
    await this.board.close();
    await this.coordinator.rooms.close();
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
    this.folder.remove();
  }

  honest = (name: Name): Participant => {
    const domain = this.domains[name];
    const { federation } = domain.rooms;
    return {
      name,
      place: name,
      key: domain.key,
      join: async (url, id, coordinator) => {
        const { spec_sha256 } = await federation.invite(domain.operator, { url, id, coordinator });
        domain.consent(spec_sha256);
        federation.join(domain.operator, id, "records");
      },
    };
  };

  /** A new collaboration of these, invited but not joined. */
  propose(participants: readonly Participant[], more: Partial<CollaborationSpec> = {}): string {
    const { rooms, operator } = this.coordinator;
    return rooms.federation.propose(operator, {
      name: "sums",
      purpose: "sums over three domains",
      participants: participants.map(({ name, key }) => ({ name, key })),
      recipients: participants.filter((p) => p.place !== "insurer").map((p) => p.name),
      columns: [
        { name: "sex", type: "text", categories: ["F", "M"] },
        { name: "age", type: "integer", bounds: ["0", "120"] },
      ],
      max_rows: 1_000,
      threshold: 3,
      max_rounds: 20,
      expires_at: rfc3339(systemClock.now() + DAY),
      ...more,
    }).id;
  }

  async join(id: string, participants: readonly Participant[]): Promise<void> {
    for (const one of participants) await one.join(this.url, id, this.coordinator.key);
  }

  /** All honest, and active. */
  async collaboration(
    others: readonly Participant[] = [],
    more: Partial<CollaborationSpec> = {},
  ): Promise<string> {
    const names = NAMES.filter((name) => others.every((o) => o.place !== name));
    const all = NAMES.map((name) => others.find((o) => o.place === name) ?? this.honest(name));
    const id = this.propose(all, more);
    await this.join(id, all);
    for (const name of names)
      await until(() => this.domains[name].state(id) === "active", `${name} to be active`, PATIENCE_MS);
    return id;
  }

  async ask(id: string, by: Name = "bureau"): Promise<number> {
    const { rooms, operator } = this.domains[by];
    const question = writtenClaim.parse({ kind: "table", rows: ["sex"], values: ["age"], agg: ["sum"] });
    return (await rooms.federation.open(operator, id, { statistic: question })).round;
  }

  /** Resolves when a domain's ledger has an entry of a kind about a collaboration: what it says. */
  async entry(name: Name, id: string, kind: string): Promise<Record<string, unknown>> {
    const domain = this.domains[name];
    await until(() => domain.told(id, kind).length > 0, `${name} to enter ${kind}`, PATIENCE_MS);
    return domain.told(id, kind).at(-1)!;
  }
}
