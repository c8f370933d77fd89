/** Sums that lose nothing to the order of sizes: Neumaier's compensated summation (ZAMM 54, 1974). */

export class Sum {
  private total = 0;
  private lost = 0;

  add(value: number): void {
    const next = this.total + value;
    this.lost +=
      Math.abs(this.total) >= Math.abs(value) ? this.total - next + value : value - next + this.total;
    this.total = next;
  }

  get value(): number {
    return this.total + this.lost;
  }
}

/** One for each place of a vector. */
export class Sums {
  private readonly totals: Float64Array;
  private readonly lost: Float64Array;

  constructor(size: number) {
    this.totals = new Float64Array(size);
    this.lost = new Float64Array(size);
  }

  add(at: number, value: number): void {
    const total = this.totals[at]!;
    const next = total + value;
    this.lost[at]! += Math.abs(total) >= Math.abs(value) ? total - next + value : value - next + total;
    this.totals[at] = next;
  }

  values(): Float64Array {
    return this.totals.map((total, i) => total + this.lost[i]!);
  }
}
