/**
 * Work over exact numbers in small steps, so that whoever carries it out may let others in between two of them.
 *
 * Rules: a step is short whatever the data; what comes out, and which draws are made in which order, is the same
 * however steps are spread over time.
 */
export type Steps<T> = Generator<void, T, void>;

export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/** Stable, like Array.prototype.sort. */
export function* sortSteps<T>(list: readonly T[], compare: (a: T, b: T) => number): Steps<T[]> {
  let sorted = [...list];
  for (let width = 1; width < sorted.length; width *= 2) {
    const merged: T[] = [];
    for (let start = 0; start < sorted.length; start += 2 * width) {
      const middle = Math.min(start + width, sorted.length);
      const end = Math.min(start + 2 * width, sorted.length);
      let [left, right] = [start, middle];
      while (left < middle || right < end) {
        const first = right >= end || (left < middle && compare(sorted[left]!, sorted[right]!) <= 0);
        merged.push(sorted[first ? left++ : right++]!);
        yield;
      }
    }
    sorted = merged;
  }
  return sorted;
}
