/**
 * The node's log: JSON lines on stderr.
 *
 * Rule: a log that cannot be written (its disk is full) costs lines, never the node. What waits to be written is
 * bounded, and what does not fit is dropped.
 */
import { type Logger, pino } from "pino";

const MOST_WAITING_BYTES = 1024 * 1024;

export function openLog(level: string, file: number | string = 2): Logger {
  const destination = pino.destination({ dest: file, sync: false, maxLength: MOST_WAITING_BYTES });
  destination.on("error", () => undefined);
  return pino({ name: "control", level }, destination);
}
