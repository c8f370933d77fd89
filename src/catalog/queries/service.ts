/**
 * Queries with noise: submit → plan → charge → evaluate → noise → answer.
 *
 * Rules: what is refused before the charge is refused by public things alone (the query, metadata, grants, budgets).
 * From the charge on, every way ends at the deadline, with the stored answer or with an error that says nothing of
 * the data. Exact numbers live between `exactCells` and `answerOf` only. The user's text is parsed and never run.
 */
import { createHash, randomBytes } from "node:crypto";
import type { JsonObject } from "../../ledger/index.js";
import {
  answerOf,
  createNoise,
  type DeclaredTable,
  type Plan,
  type Pricing,
  planOf,
  priceOf,
  quoteOf,
  termsOf,
} from "../../privacy/index.js";
import type { Store, Vault } from "../../store/index.js";
import {
  type Actor,
  type Clock,
  GloveboxError,
  invalidInput,
  parseInput,
  type Rational,
} from "../../vocabulary/index.js";
import type { Answered, ChargeRequest, Charges } from "../budgets/charges.js";
import { publicColumns } from "../datasets/policy.js";
import { type DatasetRow, datasetRow, type VersionRow, versionRow } from "../datasets/rows.js";
import type { Engine } from "../engine/index.js";
import type { GrantRow } from "../grants/rows.js";
import type { GrantService } from "../grants/service.js";
import { exactCells, openable } from "./exact.js";
import { atDeadline, type Pace, paced } from "./pace.js";
import {
  type NoisyQueryInput,
  type QueryAnswer,
  type QueryQuote,
  queryInput,
  type StoredAnswer,
  storedAnswer,
} from "./schemas.js";

interface Parts {
  store: Store;
  vault: Vault;
  engine: Engine;
  clock: Clock;
  grants: GrantService;
  charges: Charges;
  pace?: Pace;
}

interface Source {
  dataset: DatasetRow;
  version: VersionRow;
  grant: GrantRow;
  table: DeclaredTable;
}

interface Planned {
  plan: Plan;
  pricing: Pricing;
  versions: VersionRow[];
  request: ChargeRequest;
  /** The longest that an owner declared: public, like all that it follows from. */
  deadlineMs: number;
}

const LATE = "the answer was not ready at its deadline; it was charged: ask again, which costs nothing";
const STILL_OPENING = "the dataset is being opened; nothing was charged: ask again";

/** Failures that follow from the charge, so from public things: they are told at once. */
class NotCharged extends Error {
  constructor(readonly refusal: unknown) {
    super("not charged");
  }
}

export class QueryService {
  private readonly noise = createNoise(randomBytes);

  constructor(private readonly parts: Parts) {}

  async ask(actor: Actor, input: NoisyQueryInput): Promise<QueryAnswer | QueryQuote> {
    const said = parseInput(queryInput, input);
    const planned = await this.plan(actor, said);
    if (said.quote === true) return this.quote(planned);
    const before = this.parts.charges.find(planned.request);
    if (before?.answer) {
      // Whether the grants still stand is looked at again; nothing is drawn.
      const again = await this.parts.charges.once(planned.request, () =>
        Promise.reject(new Error("drawn twice")),
      );
      return this.answer(planned, again);
    }
    await this.opened(planned);
    return this.answer(planned, await this.charged(planned));
  }

  private async plan(actor: Actor, said: ReturnType<typeof queryInput.parse>): Promise<Planned> {
    const terms = termsOf(said.epsilon, said.delta);
    const sources = said.datasets.map((name) => this.source(actor, name));
    const plan = await planOf(
      said.sql,
      (text) => this.parts.engine.parseSql(text),
      sources.map(({ table }) => table),
    );
    const pricing = priceOf(plan, terms);
    const used = plan.tables.map((name) => sources.find(({ table }) => table.name === name) as Source);
    const request: ChargeRequest = {
      principal: actor.id,
      kind: "query",
      on: used.map(({ dataset, version, grant }) => ({
        dataset: dataset.id,
        version: version.id,
        grant: grant.id,
      })),
      request: { plan: digestOf(plan), epsilon: exact(terms.epsilon), delta: exact(terms.delta) },
      cost: pricing.cost,
      mechanism: mechanismOf(plan, pricing),
    };
    const deadlineMs = Math.max(...used.map(({ dataset }) => dataset.answer_ms));
    return { plan, pricing, versions: used.map(({ version }) => version), request, deadlineMs };
  }

  /** What the grant lets be asked of a dataset, as its owner declared it. @throws not_found, no_grant, … */
  private source(actor: Actor, name: string): Source {
    const grant = this.grant(actor, name);
    const { db } = this.parts.store;
    const dataset = datasetRow(db, grant.dataset);
    if (dataset.current_version === null)
      throw new GloveboxError("state_conflict", { detail: "the dataset has no content" });
    const version = versionRow(db, dataset.current_version);
    return { dataset, version, grant, table: tableOf(dataset, version, grant) };
  }

  /** Of query access, or of sandbox access, which carries queries too. */
  private grant(actor: Actor, dataset: string): GrantRow {
    const wanted = { principal: actor.id, dataset, kind: "query" as const, now: this.parts.clock.now() };
    try {
      return this.parts.grants.usable({ ...wanted, access: "query" });
    } catch (error) {
      if (!(error instanceof GloveboxError) || error.code !== "no_grant") throw error;
      try {
        return this.parts.grants.usable({ ...wanted, access: "sandbox" });
      } catch {
        throw error;
      }
    }
  }

  private quote({ plan, pricing, request }: Planned): QueryQuote {
    const { rho, delta, fits, free, left } = this.parts.charges.price(request);
    return { quote: true, ...quoteOf(plan, pricing), charge: { rho, delta }, fits, free, left };
  }

  /**
   * Versions that no engine has open are opened before anything is charged, and that takes as long as an answer
   * whatever their size.
   */
  private async opened({ versions, deadlineMs }: Planned): Promise<void> {
    const opening = this.parts.engine.open(openable(this.parts.vault, versions));
    const cold = new Promise<boolean>((resolve) => setImmediate(() => resolve(true)));
    const isCold = await Promise.race([opening.then(() => false), cold]);
    if (isCold) await paced(opening, deadlineMs, this.parts.pace ?? atDeadline, STILL_OPENING);
  }

  private async charged({ plan, pricing, versions, request, deadlineMs }: Planned): Promise<Answered> {
    let drawing = false;
    const work = this.parts.charges
      .once(request, async () => {
        drawing = true;
        return this.drawn(plan, pricing, versions);
      })
      .catch((error: unknown) => {
        if (!drawing) throw new NotCharged(error);
        throw error;
      });
    const refused = work.then(
      () => new Promise<never>(() => undefined),
      (error: unknown) => {
        if (error instanceof NotCharged) throw error.refusal;
        return new Promise<never>(() => undefined);
      },
    );
    return Promise.race([refused, paced(work, deadlineMs, this.parts.pace ?? atDeadline, LATE)]);
  }

  /** The answer's bytes: drawn once, then stored. */
  private async drawn(plan: Plan, pricing: Pricing, versions: readonly VersionRow[]): Promise<Buffer> {
    const cells = await exactCells(this.parts, versions, plan);
    const { columns, rows, intervals } = answerOf(plan, pricing, cells, this.noise);
    const { threshold, columns: quoted } = quoteOf(plan, pricing);
    const answer: StoredAnswer = {
      columns: columns.map((column, i) => {
        const bounds = quoted[i]?.bounds;
        return bounds ? { ...column, bounds } : column;
      }),
      rows,
      intervals,
      mechanism: pricing.kind,
      ...(threshold === undefined ? {} : { threshold }),
    };
    return Buffer.from(JSON.stringify(answer));
  }

  private answer({ request }: Planned, answered: Answered): QueryAnswer {
    const { id, rho, delta, ledger_seq, repeated } = answered;
    return {
      ...storedAnswer.parse(JSON.parse(answered.answer.toString("utf8"))),
      charge: { id, rho, delta },
      ledger_index: ledger_seq,
      repeated,
      left: this.parts.charges.price(request).left,
    };
  }
}

const exact = ({ num, den }: Rational): string => `${num}/${den}`;

/** Equal plans have equal digests: a plan is made in one order, and its numbers are exact. */
const digestOf = (plan: Plan): string =>
  createHash("sha256")
    .update(JSON.stringify(plan, (_, value: unknown) => (typeof value === "bigint" ? `${value}n` : value)))
    .digest("hex");

/** What was drawn from, for the ledger. */
const mechanismOf = (plan: Plan, { kind, laws, threshold }: Pricing): JsonObject => ({
  law: kind,
  values: plan.measurements.length,
  quantiles: plan.bisections.length,
  parameters: laws.map((law) => exact(law.kind === "laplace" ? law.scale : law.variance)),
  ...(threshold === undefined ? {} : { threshold: String(threshold) }),
});

function tableOf(dataset: DatasetRow, version: VersionRow, grant: GrantRow): DeclaredTable {
  const dropped = new Set(grant.constraints.drop_columns ?? []);
  const places = new Map(version.columns.map(({ name }, i) => [name, i]));
  const columns = publicColumns(dataset, version.columns).flatMap((column) => {
    const at = places.get(column.name);
    if (at === undefined || dropped.has(column.name)) return [];
    const { name, type, nullable, bounds, categories } = column;
    return [
      { name, type, nullable, at, ...(bounds ? { bounds } : {}), ...(categories ? { categories } : {}) },
    ];
  });
  if (columns.length === 0) throw invalidInput("datasets", "your grant leaves no column of it");
  return {
    name: dataset.name,
    unit: dataset.row_is_unit ? undefined : (dataset.unit_column ?? undefined),
    maxRows: dataset.max_rows_per_unit,
    columns,
  };
}
