/** Where this machine counts how long each processor slept, how fast it ran, how hot it was: neighbours show there. */
import { readdirSync } from "node:fs";
import { join } from "node:path";

const PROCESSORS = "/sys/devices/system/cpu";
const COUNTERS = ["cpuidle", "cpufreq", "thermal_throttle"];

function names(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

/** Only those that exist: each path masked costs a mount at every start. */
export function processorCounters(root = PROCESSORS): string[] {
  const folders = [root, ...names(root).flatMap((name) => (/^cpu\d+$/.test(name) ? [join(root, name)] : []))];
  return folders.flatMap((folder) => {
    const present = names(folder);
    return COUNTERS.filter((name) => present.includes(name)).map((name) => join(folder, name));
  });
}
