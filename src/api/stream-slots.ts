/** The event streams that are open: so many in all and for one principal; they end when the node stops. */
import { GloveboxError } from "../vocabulary/index.js";

const PER_PRINCIPAL = 32;
const IN_ALL = 1024;

export class StreamSlots {
  private readonly open = new Map<string, number>();
  private readonly stops = new Set<() => void>();

  constructor(private readonly shutdown?: AbortSignal) {
    shutdown?.addEventListener("abort", () => this.stopAll(), { once: true });
  }

  /**
   * @param stop ends the stream
   * @returns what to call when it has ended
   * @throws rate_limited when too many are open
   */
  enter(principal: string, stop: () => void): () => void {
    const held = this.open.get(principal) ?? 0;
    if (held >= PER_PRINCIPAL || this.stops.size >= IN_ALL) {
      throw new GloveboxError("rate_limited", {
        detail: `At most ${PER_PRINCIPAL} event streams may be open at once.`,
        retry_after: 5,
      });
    }
    this.open.set(principal, held + 1);
    this.stops.add(stop);
    if (this.shutdown?.aborted) stop();
    return () => {
      const left = (this.open.get(principal) ?? 1) - 1;
      if (left > 0) this.open.set(principal, left);
      else this.open.delete(principal);
      this.stops.delete(stop);
    };
  }

  private stopAll(): void {
    for (const stop of this.stops) stop();
  }
}
