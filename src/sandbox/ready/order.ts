/**
 * What a waiting interpreter is told: the command and the run's own variables, as one line of JSON. Pure.
 *
 * Rules. JSON quotes everything: no value can end the line or add a field. The line is sent without its end first;
 * the end is the start of the run, so that a line cut short starts nothing.
 */
import { wellFormed } from "../docker/settings.js";
import type { RunSpec } from "../executor.js";

/** A FIFO takes this at once, whatever the kernel's settings. A longer order goes to a cold container. */
const MOST_BYTES = 4096;

export const ORDER_END = "\n";

/** undefined: this run cannot be ordered so. */
export function encodeOrder({ command, env }: Pick<RunSpec, "command" | "env">): Buffer | undefined {
  if (command.length === 0 || command.some((word) => word.includes("\0"))) return undefined;
  const line = Buffer.from(
    JSON.stringify({
      command: command.map(wellFormed),
      env: Object.fromEntries(Object.entries(env).map(([name, value]) => [name, wellFormed(value)])),
    }),
  );
  return line.length < MOST_BYTES ? line : undefined;
}
