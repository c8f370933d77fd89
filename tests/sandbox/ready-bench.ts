/** Benches where every run gets a container that waited: one of its class is made right before, as a pool would have. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  createDockerExecutor,
  createReadyExecutor,
  type DockerOptions,
  type Executor,
  READY_IMAGES,
  type RunSpec,
} from "../../src/sandbox/index.js";
import { type Bench, engineBench } from "./harness.js";

interface AlwaysReady extends Executor {
  /** Resolves when a container waits for this run; `prepare` sees to it too. */
  warm(spec: RunSpec): Promise<void>;
}

export function alwaysReady(docker: DockerOptions): AlwaysReady {
  const ready = createReadyExecutor({ executor: createDockerExecutor(docker) });
  const fits = ({ image, node }: RunSpec) => READY_IMAGES.includes(image.name) && node === docker.node;
  const warm = async (spec: RunSpec) => {
    if (fits(spec)) await ready.fill(spec);
  };
  return {
    level: ready.level,
    warm,
    probe: () => ready.probe(),
    prepare: async (spec) => {
      await warm(spec);
      const prepared = await ready.prepare(spec);
      if (prepared.ready !== fits(spec))
        throw new Error("a run did not get the container that waited for it");
      return prepared;
    },
    start: (prepared) => ready.start(prepared),
    wait: (prepared, signal) => ready.wait(prepared, signal),
    kill: (prepared) => ready.kill(prepared),
    collect: (prepared) => ready.collect(prepared),
    remove: (prepared) => ready.remove(prepared),
    sweep: async (keep) => {
      await ready.close();
      return ready.sweep(keep);
    },
  };
}

/** Making the container that waits is no part of a run's time. */
async function benchOf(make: (docker: DockerOptions) => AlwaysReady): Promise<Bench> {
  let own: AlwaysReady | undefined;
  const bench = await engineBench((docker) => {
    const made = make(docker);
    own ??= made;
    return made;
  });
  return { ...bench, before: async (spec) => own?.warm(spec) };
}

export const readyBench = (): Promise<Bench> => benchOf(alwaysReady);

const ATTACKER = "main.py";
/** From here on a container imports before it waits. */
const LEAST_MB = 512;

const roomy = (spec: RunSpec): RunSpec =>
  spec.command[1] === ATTACKER
    ? { ...spec, limits: { ...spec.limits, memory_mb: Math.max(LEAST_MB, spec.limits.memory_mb) } }
    : spec;

/** As readyBench, but a program in Python begins with what was imported, so that the waiting interpreter becomes it. */
export const waitedBench = (): Promise<Bench> =>
  benchOf((docker) => {
    const ready = alwaysReady(docker);
    return {
      ...ready,
      warm: (spec) => ready.warm(roomy(spec)),
      prepare: async (spec) => {
        const path = join(spec.workDir, ATTACKER);
        if (spec.command[1] === ATTACKER)
          await writeFile(path, `import pandas\n${await readFile(path, "utf8")}`);
        return ready.prepare(roomy(spec));
      },
    };
  });
