/** What `doctor` asks of this machine's ready containers; undefined where no engine answers. */
import { type FoundReady, findEngine, findReady } from "../sandbox/index.js";

export async function machineReady(): Promise<FoundReady | undefined> {
  const engine = findEngine();
  return engine && findReady(engine).catch(() => undefined);
}
