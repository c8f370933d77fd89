/** The isolation levels that workers on this machine would offer: the same look and the same trials, kept alike. */
import { type LevelOffer, levelMemory, openLevels, openStaging } from "../sandbox/index.js";

/** All levels, weakest first. A level whose trial is not known yet is tried now, which may take it a minute. */
export async function machineLevels(env: NodeJS.ProcessEnv = process.env): Promise<readonly LevelOffer[]> {
  const staging = openStaging();
  try {
    return await openLevels({ staging, node: "doctor", memory: levelMemory(env) }).settled;
  } finally {
    await staging.close();
  }
}
