/**
 * Queries with noise: submit → plan → charge → evaluate → noise → answer.
 *
 * Rules: what is refused before the charge is refused by public things alone (the query, metadata, grants, budgets).
 * From the charge on, every way ends at the deadline, with the stored answer or with an error that says nothing of
 * the data. Exact numbers live between `exactCells` and `answerSteps` only. The user's text is parsed and never run.
 */
import { randomBytes } from "node:crypto";
import type { JsonObject } from "../../ledger/index.js";
import {
  answerSteps,
  createNoise,
  type Plan,
  type Pricing,
  priceOf,
  quoteOf,
  termsOf,
} from "../../privacy/index.js";
import type { Store, Vault } from "../../store/index.js";
import { type Actor, type Clock, parseInput, type Rational } from "../../vocabulary/index.js";
import type { Answered, ChargeRequest, Charges } from "../budgets/charges.js";
import type { VersionRow } from "../datasets/rows.js";
import type { Engine } from "../engine/index.js";
import type { GrantService } from "../grants/service.js";
import { exactCells } from "./exact.js";
import type { Pace } from "./pace.js";
import { answerPaid } from "./paid.js";
import { Plans } from "./plans.js";
import {
  type NoisyQueryInput,
  type QueryAnswer,
  type QueryQuote,
  queryInput,
  type StoredAnswer,
  storedAnswer,
} from "./schemas.js";
import { inSlices } from "./slices.js";
import { type Source, sourceOf } from "./sources.js";

interface Parts {
  store: Store;
  vault: Vault;
  engine: Engine;
  clock: Clock;
  grants: GrantService;
  charges: Charges;
  pace?: Pace;
}

interface Planned {
  plan: Plan;
  pricing: Pricing;
  versions: VersionRow[];
  request: ChargeRequest;
  /** The longest that an owner declared: public, like all that it follows from. */
  deadlineMs: number;
}

export class QueryService {
  private readonly noise = createNoise(randomBytes);
  private readonly plans: Plans;

  constructor(private readonly parts: Parts) {
    this.plans = new Plans((text) => parts.engine.parseSql(text));
  }

  async ask(actor: Actor, input: NoisyQueryInput): Promise<QueryAnswer | QueryQuote> {
    const said = parseInput(queryInput, input);
    const planned = await this.plan(actor, said);
    if (said.quote === true) return this.quote(planned);
    const { plan, pricing, versions, request, deadlineMs } = planned;
    const draw = () => this.drawn(plan, pricing, versions);
    return this.answer(planned, await answerPaid(this.parts, { request, versions, deadlineMs, draw }));
  }

  private async plan(actor: Actor, said: ReturnType<typeof queryInput.parse>): Promise<Planned> {
    const terms = termsOf(said.epsilon, said.delta);
    const sources = said.datasets.map((name) => sourceOf(this.parts, actor, name));
    const tables = sources.map(({ table }) => table);
    const { plan, digest } = await this.plans.of({ by: actor.id, sql: said.sql, tables });
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
      request: { plan: digest, epsilon: exact(terms.epsilon), delta: exact(terms.delta) },
      cost: pricing.cost,
      mechanism: mechanismOf(plan, pricing),
    };
    const deadlineMs = Math.max(...used.map(({ dataset }) => dataset.answer_ms));
    return { plan, pricing, versions: used.map(({ version }) => version), request, deadlineMs };
  }

  private quote({ plan, pricing, request }: Planned): QueryQuote {
    const { rho, delta, fits, free, left } = this.parts.charges.price(request);
    return { quote: true, ...quoteOf(plan, pricing), charge: { rho, delta }, fits, free, left };
  }

  /** The answer's bytes: drawn once, then stored. */
  private async drawn(plan: Plan, pricing: Pricing, versions: readonly VersionRow[]): Promise<Buffer> {
    const cells = await exactCells(this.parts, versions, plan);
    const { columns, rows, intervals, leftOut } = await inSlices(
      answerSteps(plan, pricing, cells, this.noise),
    );
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
      ...(leftOut === 0 ? {} : { rows_left_out: leftOut }),
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

/** What was drawn from, for the ledger. */
const mechanismOf = (plan: Plan, { kind, laws, threshold }: Pricing): JsonObject => ({
  law: kind,
  values: plan.measurements.length,
  quantiles: plan.bisections.length,
  parameters: laws.map((law) => exact(law.kind === "laplace" ? law.scale : law.variance)),
  ...(threshold === undefined ? {} : { threshold: String(threshold) }),
});
