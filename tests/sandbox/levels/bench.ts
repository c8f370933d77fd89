/** A level of this machine, for the suites that every level must pass. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Executor,
  findEngine,
  type LevelKind,
  type LevelTools,
  openStaging,
} from "../../../src/sandbox/index.js";
import type { Bench, MakeBench } from "../harness.js";

const LOGS = { capBytes: 1024 * 1024, floodBytes: 64 * 1024 * 1024 };

/** The bench of a level, which must be set up: `npm run setup -- --need userns,gvisor,microvm`. */
export const levelBench =
  (kind: LevelKind): MakeBench =>
  async () => {
    const engine = findEngine();
    if (!engine) throw new Error("no container engine: run `npm run setup`");
    const foundation = await kind.look({});
    if ("missing" in foundation) throw new Error(`${foundation.missing.why}: ${foundation.missing.get}`);
    const root = mkdtempSync(join(tmpdir(), "glovebox-level-"));
    const staging = openStaging(root);
    const node = `test-${process.pid}-${Math.random().toString(36).slice(2)}`;
    const tools: LevelTools = { staging, node, logs: LOGS };
    const { executor, images } = await kind.open(tools);
    const others = new Map<string, Executor>();
    for (const name of [node, `${node}-other`])
      others.set(name, (await kind.open({ ...tools, node: name })).executor);
    const another = (name: string): Executor => {
      const found = others.get(name);
      if (!found) throw new Error("a node that this bench does not know");
      return found;
    };
    const imageOf = (name: string) => images.resolve(name);
    const close = async (): Promise<void> => {
      for (const other of others.values()) await other.sweep(new Set());
      await staging.close();
      rmSync(root, { recursive: true, force: true });
    };
    const bench = {
      executor,
      address: engine,
      another,
      image: await imageOf("python"),
      imageOf,
      staging,
      node,
    };
    return { ...bench, close } satisfies Bench;
  };
