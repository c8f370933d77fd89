/** A bench where every run gets a container that waited: one of its class is made right before, as a pool would have. */
import {
  createDockerExecutor,
  createReadyExecutor,
  type DockerOptions,
  type Executor,
  READY_IMAGES,
} from "../../src/sandbox/index.js";
import { engineBench, type MakeBench } from "./harness.js";

export function alwaysReady(docker: DockerOptions): Executor {
  const ready = createReadyExecutor({ executor: createDockerExecutor(docker) });
  return {
    level: ready.level,
    probe: () => ready.probe(),
    prepare: async (spec) => {
      const fits = READY_IMAGES.includes(spec.image.name) && spec.node === docker.node;
      if (fits) await ready.fill(spec);
      const prepared = await ready.prepare(spec);
      if (prepared.ready !== fits) throw new Error("a run did not get the container that waited for it");
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

export const readyBench: MakeBench = () => engineBench(alwaysReady);
