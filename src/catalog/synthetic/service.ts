/**
 * Synthetic records with noise: asked for, charged, made, kept.
 *
 * Rules: as for queries, what is refused before the charge follows from public things, exact counts live between the
 * engine and the noise only, and the records are stored before they are sent. How near they come to the data is for
 * the data's owner; whoever asked learns what noise is expected to do, which follows from public numbers.
 */
import { createHash, randomBytes } from "node:crypto";
import type { JsonObject } from "../../ledger/index.js";
import {
  createChance,
  deviationOf,
  expectedErrors,
  fitModel,
  SYNTH_LIMITS,
  type SynthColumn,
  type SynthPricing,
  sampleRecords,
  synthCost,
  synthPrice,
  termsOf,
} from "../../privacy/index.js";
import type { Store, Vault } from "../../store/index.js";
import {
  type Actor,
  type Clock,
  type DatasetId,
  GloveboxError,
  parseInput,
  type Rational,
} from "../../vocabulary/index.js";
import type { Answered, ChargeRequest, Charges } from "../budgets/charges.js";
import { type VersionRow, versionRow } from "../datasets/rows.js";
import type { DatasetsInSight } from "../datasets/sight.js";
import { csvField } from "../engine/csv.js";
import type { Engine } from "../engine/index.js";
import type { GrantService } from "../grants/service.js";
import type { Pace } from "../queries/pace.js";
import { answerPaid } from "../queries/paid.js";
import { sourceOf } from "../queries/sources.js";
import { comparedMarginals, comparedModel, MODEL_LIMITS, targetOf } from "./compare.js";
import { cut, mostRecords } from "./cut.js";
import { codedRows, exactMarginals } from "./exact.js";
import {
  type Comparison,
  comparisonQuery,
  type StoredSynthetic,
  type SyntheticAnswer,
  type SyntheticInput,
  type SyntheticQuote,
  storedSynthetic,
  syntheticInput,
} from "./schemas.js";

interface Parts {
  store: Store;
  vault: Vault;
  engine: Engine;
  clock: Clock;
  grants: GrantService;
  charges: Charges;
  sight: DatasetsInSight;
  pace?: Pace;
}

interface Planned {
  columns: SynthColumn[];
  leftOut: string[];
  pricing: SynthPricing;
  version: VersionRow;
  request: ChargeRequest;
  deadlineMs: number;
}

/** Where nothing was said: the δ at which guarantees are stated. */
const DELTA = "1e-6";
/** Records are made of many questions: they are sent after so many times the time of an answer. */
const DEADLINE_TIMES = 4;

export class SyntheticService {
  private readonly chance = createChance(randomBytes);

  constructor(private readonly parts: Parts) {}

  async ask(actor: Actor, name: string, input: SyntheticInput): Promise<SyntheticAnswer | SyntheticQuote> {
    const said = parseInput(syntheticInput, input);
    const planned = this.plan(actor, name, said);
    if (said.quote === true) return this.quote(planned);
    const { request, version, deadlineMs } = planned;
    const draw = () => this.drawn(planned);
    return this.answer(
      planned,
      await answerPaid(this.parts, { request, versions: [version], deadlineMs, draw }),
    );
  }

  private plan(actor: Actor, name: string, said: ReturnType<typeof syntheticInput.parse>): Planned {
    const terms = termsOf(said.epsilon, said.delta ?? DELTA);
    const source = sourceOf(this.parts, actor, name);
    const { columns, leftOut } = cut(source, said.columns, said.bins ?? SYNTH_LIMITS.bins.unlessSaid);
    const pricing = synthPrice(columns.length, source.table.maxRows, terms);
    const { dataset, version, grant } = source;
    const request: ChargeRequest = {
      principal: actor.id,
      kind: "query",
      on: [{ dataset: dataset.id, version: version.id, grant: grant.id }],
      request: {
        synthetic: digestOf(columns),
        epsilon: exact(terms.epsilon),
        delta: exact(terms.delta),
      },
      cost: synthCost(pricing),
      mechanism: mechanismOf(columns, pricing),
    };
    return { columns, leftOut, pricing, version, request, deadlineMs: DEADLINE_TIMES * dataset.answer_ms };
  }

  private quote({ columns, leftOut, pricing, request }: Planned): SyntheticQuote {
    const { rho, delta, fits, free, left } = this.parts.charges.price(request);
    const { oneVariance, twoVariance, rate } = pricing;
    return {
      quote: true,
      columns: cellCounts(columns),
      left_out: leftOut,
      deviation: deviationOf(oneVariance),
      ...(twoVariance ? { pair_deviation: deviationOf(twoVariance) } : {}),
      tree: rate ? "chosen" : twoVariance ? "chain" : "none",
      charge: { rho, delta },
      fits,
      free,
      left,
    };
  }

  /** Drawn once, then stored. */
  private async drawn({ columns, leftOut, pricing, version }: Planned): Promise<Buffer> {
    const counts = await exactMarginals(this.parts, version, columns);
    const model = fitModel(columns, counts, pricing, this.chance);
    const rows = Math.min(mostRecords(columns), Math.round(model.total));
    const nameOf = (i: number) => columns[i]?.name ?? "";
    const stored: StoredSynthetic = {
      columns: columns.map((column) => ({ ...column, cells: [...column.cells] })),
      left_out: leftOut,
      tree: model.edges.map(({ pair }) => [nameOf(pair[0]), nameOf(pair[1])]),
      expected_errors: expectedErrors(columns, model, pricing),
      records: sampleRecords(columns, model, rows, this.chance.uniform),
    };
    return Buffer.from(JSON.stringify(stored));
  }

  private answer({ request }: Planned, answered: Answered): SyntheticAnswer {
    const stored = storedSynthetic.parse(JSON.parse(answered.answer.toString("utf8")));
    const { id, rho, delta, ledger_seq, repeated } = answered;
    return {
      columns: cellCounts(stored.columns),
      left_out: stored.left_out,
      rows: stored.records.length,
      tree: stored.tree,
      expected_errors: stored.expected_errors,
      csv: csvOf(stored),
      charge: { id, rho, delta },
      ledger_index: ledger_seq,
      repeated,
      left: this.parts.charges.price(request).left,
    };
  }

  /** @throws not_found, forbidden, invalid_input, engine_unavailable */
  async compare(
    actor: Actor,
    name: string,
    charge: string,
    query: { target?: string } = {},
  ): Promise<Comparison> {
    const { target } = parseInput(comparisonQuery, query);
    const dataset = this.parts.sight.owned(actor, name);
    const { version, stored } = this.kept(dataset.id, charge);
    const at = target === undefined ? undefined : targetOf(stored.columns, target);
    const counts = await exactMarginals(this.parts, version, stored.columns);
    const marginals = comparedMarginals(stored, counts);
    const model =
      at === undefined
        ? null
        : comparedModel(stored, await codedRows(this.parts, version, stored.columns, MODEL_LIMITS.rows), at);
    return { charge, version: version.id, ...marginals, model };
  }

  private kept(dataset: DatasetId, charge: string): { version: VersionRow; stored: StoredSynthetic } {
    const kept = this.parts.charges.kept(dataset, charge);
    const stored = kept && recordsIn(kept.answer);
    if (!kept || !stored)
      throw new GloveboxError("not_found", { detail: "no synthetic data of this dataset under this charge" });
    return { version: versionRow(this.parts.store.db, kept.version), stored };
  }
}

const cellCounts = (columns: readonly Pick<SynthColumn, "name" | "cells">[]) =>
  columns.map(({ name, cells }) => ({ name, cells: cells.length }));

const csvOf = ({ columns, records }: StoredSynthetic): string =>
  [columns.map(({ name }) => name), ...records].map((row) => `${row.map(csvField).join(",")}\n`).join("");

/** Undefined where another kind of answer was kept. */
function recordsIn(answer: Buffer): StoredSynthetic | undefined {
  try {
    return storedSynthetic.safeParse(JSON.parse(answer.toString("utf8"))).data;
  } catch {
    return undefined;
  }
}

const exact = ({ num, den }: Rational): string => `${num}/${den}`;

const digestOf = (columns: readonly SynthColumn[]): string =>
  createHash("sha256").update(JSON.stringify(columns)).digest("hex");

/** What was drawn from, for the ledger. */
const mechanismOf = (
  columns: readonly SynthColumn[],
  { oneVariance, twoVariance, rate }: SynthPricing,
): JsonObject => ({
  law: "gaussian",
  synthetic: columns.length,
  parameters: [exact(oneVariance), ...(twoVariance ? [exact(twoVariance)] : [])],
  ...(rate ? { choice: exact(rate) } : {}),
});
