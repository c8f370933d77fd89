/** The ready containers of all workers on this machine, for `doctor`: found by label, as a sweep finds them. */
import Docker from "dockerode";
import { groupNames, readHeld } from "../cgroup.js";
import { READY_LABEL } from "../docker/settings.js";
import { READY_GROUP, waitingName } from "../docker/sweep.js";

export interface FoundReady {
  waiting: number;
  /** Memory that they hold, of those whose control group says so. */
  memoryBytes: number;
}

/** Throws where the engine does not answer. */
export async function findReady(options: { socketPath: string }): Promise<FoundReady> {
  const all = await new Docker(options).listContainers({ filters: { label: [READY_LABEL] } });
  const ids = all.flatMap(({ Names }) => {
    const name = Names.find((one) => one.startsWith(`/${waitingName("")}`));
    return name === undefined ? [] : [name.slice(waitingName("").length + 1)];
  });
  const groups = groupNames(READY_GROUP).filter((group) => ids.some((id) => group.endsWith(`-${id}`)));
  return {
    waiting: ids.length,
    memoryBytes: groups.reduce((sum, group) => sum + (readHeld(group) ?? 0), 0),
  };
}
