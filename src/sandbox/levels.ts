/**
 * The isolation levels of this machine: which of them it truly offers, and the executor of each.
 *
 * Rules. A level is offered only after a real program ran under it here and was seen to be isolated in the way that the
 * level promises; what a configuration says is not enough. The trial's answer holds as long as everything it stood on
 * has the same version. A level that is missing is named with the reason and the way to get it, and is never replaced
 * by a weaker one: `open` throws `isolation_unavailable`.
 *
 * To add a level: write its Executor, export a LevelKind from the level's folder, and name it in LEVEL_KINDS.
 */
import { type Clock, GloveboxError, type IsolationLevel, systemClock } from "../vocabulary/index.js";
import type { LogLimits } from "./docker/logs.js";
import type { Executor } from "./executor.js";
import type { Images } from "./images.js";
import { LEVEL_KINDS } from "./levels/kinds.js";
import { openTrials, type Trials } from "./levels/trials.js";
import type { Staging } from "./staging.js";

/** What an executor is made with, whatever its level. */
export interface LevelTools {
  staging: Staging;
  /** Name of the node: a sweep removes what carries it, and nothing else on the machine. */
  node: string;
  clock?: Clock;
  logs?: LogLimits;
  /** Of the engine that the images lie in; found when not said. */
  engineSocket?: string;
}

/** Something that a level needs is not on this machine. Both sentences are shown by `doctor`. */
export interface Missing {
  why: string;
  /** What a person does to get it. */
  get: string;
}

/** What a level stands on here. A trial's answer is thrown away when one of the versions changes. */
export type Foundation = { versions: Readonly<Record<string, string>> } | { missing: Missing };

/** What the trial's program saw from inside. */
export interface Sight {
  /** /proc/version: of the kernel that served it. */
  kernel: string;
  /** /proc/self/uid_map, words of its first line. */
  uidMap: readonly string[];
  /** Its user id, as it is named inside. */
  uid: number;
}

export interface OpenedLevel {
  executor: Executor;
  /** Images as this level's executor names them. Equal layers, whatever the level. */
  images: Images;
}

/** One isolation level: how to find it and how to open it. */
export interface LevelKind {
  readonly level: IsolationLevel;
  /** Longest that the trial may take, from `prepare` to `remove`. */
  readonly trialMs: number;
  /** What is there, without running anything: in well under a second. Never throws for what is only missing. */
  look(tools: Pick<LevelTools, "engineSocket">): Promise<Foundation>;
  /** Makes the executor. Called after `look` found all; may prepare what runs share (a root file system, a kernel). */
  open(tools: LevelTools): Promise<OpenedLevel>;
  /** What the program's sight says against the level; undefined: it was isolated as promised. */
  objection(sight: Sight, host: { kernel: string }): string | undefined;
  /** What an operator should know of the level here, such as that it is emulated and slow. */
  remark?(): Promise<string | undefined>;
}

/** What a machine says of one level. */
export type LevelOffer =
  | { level: IsolationLevel; available: true; startMs: number; remark?: string }
  | ({ level: IsolationLevel; available: false } & Missing);

export interface Levels {
  /** What is known so far, weakest first. */
  readonly offers: readonly LevelOffer[];
  /** Of these, the levels that runs can be executed at. */
  readonly available: readonly IsolationLevel[];
  /** One level's offer, once its trial is over. */
  offer(level: IsolationLevel): Promise<LevelOffer>;
  /** All of them, once the last trial is over. */
  readonly settled: Promise<readonly LevelOffer[]>;
  /** @throws isolation_unavailable */
  open(level: IsolationLevel): OpenedLevel;
  /** As Executor.sweep, over every level that this machine has, in trial or in use. */
  sweep(keep: ReadonlySet<string>): Promise<string[]>;
}

export interface LevelsOptions extends LevelTools {
  /** Which to look for; all by default. */
  kinds?: readonly LevelKind[];
  /** Where trials' answers are kept between processes; nowhere by default. */
  memory?: string;
}

/**
 * Looks for every level, weakest first, and tries those whose answer is not known yet, one at a time: a trial of a slow
 * level does not keep runs of another waiting.
 */
export const openLevels = (options: LevelsOptions): Levels => new MachineLevels(options);

const TRY_AGAIN = "mend that; it is tried again ten minutes after a failure, or when a version changes";

class MachineLevels implements Levels {
  readonly offers: LevelOffer[] = [];
  readonly settled: Promise<readonly LevelOffer[]>;
  private readonly opened = new Map<IsolationLevel, OpenedLevel>();
  private readonly coming = new Map<IsolationLevel, Promise<LevelOffer>>();
  private readonly trials: Trials;

  constructor(private readonly options: LevelsOptions) {
    this.trials = openTrials(options.memory, options.clock ?? systemClock);
    let last: Promise<unknown> = Promise.resolve();
    for (const kind of options.kinds ?? LEVEL_KINDS) {
      const offer = last.then(() => this.find(kind));
      this.coming.set(kind.level, offer);
      last = offer;
    }
    this.settled = last.then(() => this.offers);
  }

  get available(): readonly IsolationLevel[] {
    return this.offers.flatMap((offer) => (offer.available ? [offer.level] : []));
  }

  private async find(kind: LevelKind): Promise<LevelOffer> {
    const offer = await this.offerOf(kind).catch((error: unknown): LevelOffer => {
      // The message of an error that is not ours may hold paths; its class tells an operator where to look further.
      const detail = error instanceof GloveboxError ? error.params.detail : undefined;
      const why = `it could not be opened: ${detail ?? (error instanceof Error ? error.name : "an error")}`;
      return { level: kind.level, available: false, why, get: TRY_AGAIN };
    });
    this.offers.push(offer);
    return offer;
  }

  private async offerOf(kind: LevelKind): Promise<LevelOffer> {
    const { level } = kind;
    const foundation = await kind.look(this.options);
    if ("missing" in foundation) return { level, available: false, ...foundation.missing };
    const opened = await kind.open(this.options);
    this.opened.set(level, opened);
    const answer = await this.trials.answer(kind, foundation.versions, opened, this.options);
    if (!answer.ok) return { level, available: false, why: answer.why, get: TRY_AGAIN };
    const remark = await kind.remark?.();
    return { level, available: true, startMs: answer.ms, ...(remark === undefined ? {} : { remark }) };
  }

  offer(level: IsolationLevel): Promise<LevelOffer> {
    const unknown: LevelOffer = { level, available: false, why: "it is not looked for here", get: "" };
    return this.coming.get(level) ?? Promise.resolve(unknown);
  }

  open(level: IsolationLevel): OpenedLevel {
    const opened = this.available.includes(level) ? this.opened.get(level) : undefined;
    if (opened) return opened;
    throw new GloveboxError("isolation_unavailable", { detail: `this machine does not offer ${level}` });
  }

  async sweep(keep: ReadonlySet<string>): Promise<string[]> {
    const removed: string[] = [];
    let failure: unknown;
    for (const { executor } of this.opened.values()) {
      try {
        removed.push(...(await executor.sweep(keep)));
      } catch (error) {
        // One engine that is away must not keep the others from being swept.
        failure ??= error;
      }
    }
    if (failure !== undefined) throw failure;
    return removed;
  }
}
