/** `glovebox query`: a question in SQL, answered with noise. */
import type { Command } from "commander";
import { addCommand, many, type Terminal } from "./command.js";
import { Refusal } from "./failure.js";
import { type Answer, answerText, type Quote, quoteText } from "./query-view.js";

interface Flags {
  dataset: string[];
  epsilon: string;
  delta?: string;
  quote?: boolean;
}

const ATTEMPTS = 6;

/** An answer that was late is kept, and a dataset that was being opened is open by then: asking again is free. */
export async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await ask();
    } catch (error) {
      const isLate = error instanceof Refusal && error.code === "engine_unavailable";
      if (!isLate || attempt >= ATTEMPTS) throw error;
    }
  }
}

export function addQuery(program: Command, terminal: Terminal): void {
  addCommand<Flags>(program, terminal, {
    usage: "query <sql>",
    about: [
      "Ask a question in SQL; the answer has noise and costs privacy budget",
      "提交 SQL 查询，答案带噪声并消耗隐私预算",
    ],
    example:
      "glovebox query --dataset flchain --epsilon 0.5 'SELECT sex, count(*), avg(kappa) FROM flchain GROUP BY sex'",
    flags: (command) =>
      command
        .requiredOption("--dataset <name>", "a dataset that the SQL names; may be repeated", many)
        .requiredOption("--epsilon <e>", "what the answer may reveal of any one unit")
        .option("--delta <d>", "δ; needed where groups are not declared")
        .option("--quote", "only say what it would cost, touching no row"),
    async act(context, [sql], { dataset, epsilon, delta, quote }) {
      const question = { datasets: dataset, sql, epsilon, delta, quote };
      const answer = await patiently(() => context.client().post<Answer | Quote>("/api/v1/query", question));
      const text = () => ("quote" in answer ? quoteText(context, answer) : answerText(context, answer));
      return { json: answer, text };
    },
  });
}
