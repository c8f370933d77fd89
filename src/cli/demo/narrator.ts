/** Tells the demo's story: one heading a step, indented lines below it, and the time each step took. */

export interface StepTime {
  step: string;
  seconds: number;
}

export class Narrator {
  readonly steps: StepTime[] = [];
  constructor(private readonly write: (text: string) => void) {}

  /** Runs one step under its heading and notes its time. */
  async step<T>(title: string, act: () => Promise<T>): Promise<T> {
    this.write(`\n${this.steps.length + 1}. ${title}\n`);
    const start = performance.now();
    const result = await act();
    this.steps.push({ step: title, seconds: Math.round(performance.now() - start) / 1000 });
    return result;
  }

  say(text: string): void {
    for (const line of text.split("\n")) this.write(`   ${line}\n`);
  }
}
