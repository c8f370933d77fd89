/** The catalogue as the other rooms see it, and how its parts are put together. */
import type { Readable } from "node:stream";
import type { Ledger, Tx } from "../ledger/index.js";
import { type Keys, openSpool, type Store, type Vault } from "../store/index.js";
import type {
  AccessMode,
  Actor,
  Clock,
  DatasetId,
  GrantId,
  JobId,
  JobKindName,
  JobMode,
  Page,
  PageRequest,
  PrincipalId,
  VersionId,
  ViewId,
} from "../vocabulary/index.js";
import type { Charges } from "./budgets/charges.js";
import { ChargeService } from "./budgets/charging.js";
import type { BudgetView } from "./budgets/schemas.js";
import { BudgetService } from "./budgets/service.js";
import { Sketching } from "./budgets/sketching.js";
import { Spending } from "./budgets/spending.js";
import { ContentService } from "./datasets/content.js";
import type { DatasetRow, VersionRow } from "./datasets/rows.js";
import type {
  AssessInput,
  ContentInfo,
  DatasetInput,
  DatasetPatch,
  DatasetView,
} from "./datasets/schemas.js";
import { DatasetService } from "./datasets/service.js";
import { DatasetsInSight } from "./datasets/sight.js";
import type { ColumnSchema, Engine, ReadOptions, ScanHit } from "./engine/index.js";
import type { GrantRow } from "./grants/rows.js";
import type { ApproveInput, GrantInput, GrantView } from "./grants/schemas.js";
import { GrantService } from "./grants/service.js";
import { type Memory, MemoryService } from "./memory/service.js";
import type { PrincipalInput, PrincipalView } from "./principals/schemas.js";
import { PrincipalService } from "./principals/service.js";
import type { Pace } from "./queries/pace.js";
import type { NoisyQueryInput, QueryAnswer, QueryQuote } from "./queries/schemas.js";
import { QueryService } from "./queries/service.js";
import type { Comparison, SyntheticAnswer, SyntheticInput, SyntheticQuote } from "./synthetic/schemas.js";
import { SyntheticService } from "./synthetic/service.js";
import type { Checksum } from "./uploads/arriving.js";
import type { UploadView } from "./uploads/schemas.js";
import { UploadService } from "./uploads/service.js";
import type { Answer, AskedView, AskRequest, FitViewRequest } from "./views/ask.js";
import { scanOutputs } from "./views/scan.js";
import { ViewService } from "./views/service.js";

export interface CatalogParts {
  store: Store;
  ledger: Ledger;
  vault: Vault;
  keys: Keys;
  clock: Clock;
  engine: Engine;
  /** How large a dataset's content may be, in bytes; 4 GiB unless told. */
  maxContentBytes?: number;
  /** How long the sender of a part may be silent; 20 seconds unless told. */
  uploadIdleMs?: number;
  /** How the deadlines of queries are kept; by the clock unless a test says otherwise. */
  queryPace?: Pace;
}

export interface NamedPrincipal extends Actor {
  readonly revoked: boolean;
}

export interface Principals {
  /** At the very first start only: an admin, whose token is also written to `<data-dir>/admin.token`, mode 0600. */
  bootstrapAdmin(): { token: string } | undefined;
  /** The token is given this once. */
  add(actor: Actor, input: PrincipalInput): { principal: PrincipalView; token: string };
  /** Ends the principal's tokens and grants; its name stays taken. */
  revoke(actor: Actor, nameOrId: string, ifMatch?: number): PrincipalView;
  list(actor: Actor, page?: PageRequest): Page<PrincipalView>;
  /** Oneself, or anyone for those who may list. @throws not_found */
  view(actor: Actor, nameOrId: string): PrincipalView;
  byToken(token: string): Actor | undefined;
  /** An active principal. @throws not_found */
  resolve(nameOrId: string): Actor;
  /** Anyone there ever was, for showing names. */
  named(id: string): NamedPrincipal | undefined;
  setKey(actor: Actor, publicKey: string): PrincipalView;
  /** Raw Ed25519 public keys, base64, oldest first. */
  keys(principal: PrincipalId): string[];
}

export interface Datasets {
  create(actor: Actor, input: DatasetInput): DatasetView;
  patch(actor: Actor, name: string, input: DatasetPatch, ifMatch?: number): DatasetView;
  /** Streams the content into a new version; the same content again gives the version that it is. */
  putContent(
    actor: Actor,
    name: string,
    source: Readable,
    mediaType: string,
    options?: ReadOptions,
  ): Promise<ContentInfo>;
  get(actor: Actor, name: string): DatasetView;
  list(actor: Actor, page?: PageRequest): Page<DatasetView>;
  assess(actor: Actor, name: string, input?: AssessInput, ifMatch?: number): DatasetView;
  publish(actor: Actor, name: string, ifMatch?: number): DatasetView;
  suspend(actor: Actor, name: string, ifMatch?: number): DatasetView;
  retire(actor: Actor, name: string, ifMatch?: number): DatasetView;
  /** The twin as CSV, from schema and declared bounds alone. */
  synthetic(actor: Actor, name: string): Promise<Readable>;
  auditors(dataset: DatasetId): PrincipalId[];
  /** For other rooms: not filtered by who asks. @throws not_found */
  row(nameOrId: string): DatasetRow;
  /** @throws not_found */
  version(id: string): VersionRow;
  budget(actor: Actor, name: string): BudgetView;
}

/** Content that is sent in parts, and goes on where it broke off. All of it is its sender's alone. */
export interface Uploads {
  /** Bytes that content may have. */
  readonly maxBytes: number;
  /** @param metadata as tus has it; `filetype` and `sha256` are heeded. @throws too_large, insufficient_storage */
  begin(actor: Actor, dataset: string, length: number, metadata: string): Promise<UploadView>;
  get(actor: Actor, id: string): UploadView;
  /** As it was sent. */
  metadata(actor: Actor, id: string): string;
  list(actor: Actor, dataset: string, page?: PageRequest): Page<UploadView>;
  /** Keeps what comes of a part, also when it breaks off. @throws state_conflict at another offset than its own */
  append(
    actor: Actor,
    id: string,
    offset: number,
    source: Readable,
    checksum?: Checksum,
  ): Promise<UploadView>;
  /** Makes a complete upload a version, as `putContent` does; the same answer when asked again. */
  take(actor: Actor, id: string, options?: ReadOptions): Promise<ContentInfo>;
  terminate(actor: Actor, id: string): void;
  /** Ends what is past its time, and clears what crashes left; how many ended. */
  sweep(): number;
}

export interface UsableRequest {
  principal: PrincipalId;
  /** Name or id. */
  dataset: string;
  access: AccessMode;
  kind: JobKindName;
  now: number;
}

export interface Grants {
  create(actor: Actor, input: GrantInput): GrantView;
  approve(actor: Actor, id: string, input?: ApproveInput, ifMatch?: number): GrantView;
  refuse(actor: Actor, id: string, ifMatch?: number): GrantView;
  revoke(actor: Actor, id: string, ifMatch?: number): GrantView;
  get(actor: Actor, id: string): GrantView;
  list(actor: Actor, page?: PageRequest): Page<GrantView>;
  /** For other rooms. @throws not_found */
  row(id: string): GrantRow;
  /** The grant that lets this be done. @throws not_found, no_grant, grant_expired, forbidden, state_conflict */
  usable(request: UsableRequest): GrantRow;
  /** Ends what is past its time; how many. */
  expireDue(): number;
}

export interface MaterialisedView {
  viewId: ViewId;
  versionId: VersionId;
  object: string;
  /** Hex, of the CSV. */
  sha256: string;
  bytes: number;
  rows: number;
  /** Hex SHA-256 of the canonical JSON of what the View is. */
  spec_sha256: string;
  data_key(): Buffer;
}

export interface Views {
  /** The View that a grant gives of a version, or for a dry run its twin; made once, then kept by content. */
  ensure(request: { grant: GrantRow; versionId: string; mode: JobMode }): Promise<MaterialisedView>;
  /** What can be asked for: the columns that the View shows as they are. @throws not_found, no_grant */
  columns(request: AskedView): ColumnSchema[];
  /** Aggregates of what the View shows, or of its twin. @throws too_large, engine_unavailable */
  ask(request: AskRequest): Promise<Answer>;
  /** The facts of a model or of curves over what the View shows, or its twin; rows stay in the engine. @throws as `ask` */
  fit(request: FitViewRequest): Promise<{ [key: string]: unknown }>;
}

export interface Queries {
  /**
   * One SELECT, answered with noise at a fixed time, or its quote. @throws query_unsupported, invalid_input, no_grant,
   * grant_expired, not_found, budget_exhausted; engine_unavailable where it was late, internal where it failed: both
   * then cost the charge, and asking again is free
   */
  ask(actor: Actor, input: NoisyQueryInput): Promise<QueryAnswer | QueryQuote>;
}

export interface SyntheticData {
  /** Records with noise at a fixed time, or their quote. @throws what `queries.ask` throws, but for query_unsupported */
  ask(actor: Actor, dataset: string, input: SyntheticInput): Promise<SyntheticAnswer | SyntheticQuote>;
  /**
   * How near the records of a charge come to the data: exact, for the dataset's owner alone.
   * @throws not_found, forbidden, invalid_input, engine_unavailable
   */
  compare(actor: Actor, dataset: string, charge: string, query?: { target?: string }): Promise<Comparison>;
}

export interface SignalCharge {
  job: JobId;
  principal: PrincipalId;
  dataset: DatasetId;
  grant: GrantId;
  bits: number;
  /** Which signals these bits are. */
  shown: string[];
}

export interface Signals {
  /** Bits that the grant has left; null is unlimited. */
  left(grant: string): number | null;
  /**
   * Once a job and dataset, in the transaction that accepts the job: before the signals exist, so that no budget
   * moves when they do.
   */
  charge(tx: Tx, charge: SignalCharge): void;
  /** Gives back what a job was charged that ended before any signal of it could show. */
  refund(tx: Tx, job: JobId): void;
}

/** A text to search; given as bytes or as what opens them, for each dataset reads it anew. */
export interface ScanText {
  name: string;
  content: Buffer | (() => Readable);
}

export interface Catalog {
  principals: Principals;
  datasets: Datasets;
  uploads: Uploads;
  grants: Grants;
  views: Views;
  signals: Signals;
  /** Noisy answers and what they cost. */
  charges: Charges;
  queries: Queries;
  synthetic: SyntheticData;
  /** What was released of each dataset, and what a new table tells together with it. */
  memory: Memory;
  /** Looks for identifiers and records of these versions in the texts. */
  scanOutputs(input: {
    versionIds: readonly string[];
    texts: readonly ScanText[];
    significantDigits?: number;
  }): Promise<ScanHit[]>;
}

export function createCatalog(parts: CatalogParts): Catalog {
  const { store, ledger, vault, clock, engine } = parts;
  const principals = new PrincipalService(parts);
  const nameOf = (id: string) => principals.named(id)?.name ?? id;
  const spending = new Spending(store.db);
  const sketching = new Sketching({ store, ledger, vault, keys: parts.keys, engine, spending });
  const budgets = new BudgetService(store.db, nameOf, spending, clock);
  const sight = new DatasetsInSight(store.db, principals);
  const limits = parts.maxContentBytes === undefined ? {} : { maxContentBytes: parts.maxContentBytes };
  const content = new ContentService({
    sketching,
    store,
    ledger,
    vault,
    clock,
    engine,
    sight,
    ...limits,
  });
  const spool = openSpool(store.dataDir, parts.keys);
  const grants = new GrantService({ store, ledger, clock, principals, budgets, sight });
  const charges = new ChargeService({ db: store.db, ledger, keys: parts.keys, clock, spending, sketching });
  const paying = {
    store,
    vault,
    engine,
    clock,
    grants,
    charges,
    ...(parts.queryPace ? { pace: parts.queryPace } : {}),
  };
  return {
    principals,
    datasets: new DatasetService({ store, ledger, engine, principals, budgets, content, sight }),
    uploads: new UploadService({
      store,
      ledger,
      keys: parts.keys,
      clock,
      spool,
      sight,
      content,
      ...limits,
      ...(parts.uploadIdleMs === undefined ? {} : { idleMs: parts.uploadIdleMs }),
    }),
    grants,
    views: new ViewService({ store, ledger, vault, engine, clock }),
    signals: budgets,
    charges,
    queries: new QueryService(paying),
    synthetic: new SyntheticService({ ...paying, sight }),
    memory: new MemoryService({ store, ledger, vault, keys: parts.keys, engine }),
    scanOutputs: (request) => scanOutputs(parts, request),
  };
}
