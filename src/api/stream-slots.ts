/** How many event streams may be open at once, in all and for one principal. */
import { GloveboxError } from "../vocabulary/index.js";

const PER_PRINCIPAL = 32;
const IN_ALL = 1024;

export class StreamSlots {
  private readonly open = new Map<string, number>();
  private total = 0;

  /** @throws rate_limited when too many are open. @returns what to call when the stream has ended. */
  enter(principal: string): () => void {
    const held = this.open.get(principal) ?? 0;
    if (held >= PER_PRINCIPAL || this.total >= IN_ALL) {
      throw new GloveboxError("rate_limited", {
        detail: `At most ${PER_PRINCIPAL} event streams may be open at once.`,
        retry_after: 5,
      });
    }
    this.open.set(principal, held + 1);
    this.total++;
    return () => {
      const left = (this.open.get(principal) ?? 1) - 1;
      if (left > 0) this.open.set(principal, left);
      else this.open.delete(principal);
      this.total--;
    };
  }
}
