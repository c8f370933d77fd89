/** `glovebox dataset synth` and `dataset compare`: rows that are nobody's, with noise or from the schema alone. */
import { Readable } from "node:stream";
import type { Command } from "commander";
import { addCommand, type Context, type Terminal } from "./command.js";
import { type Saved, saveStream } from "./download.js";
import { Usage } from "./failure.js";
import { patiently } from "./query.js";
import {
  type Comparison,
  comparisonText,
  quoteText,
  type Records,
  recordsText,
  type SynthQuote,
} from "./synth-view.js";
import { size } from "./terminal.js";

interface Flags {
  output?: string;
  epsilon?: string;
  delta?: string;
  columns?: string[];
  bins?: string;
  quote?: boolean;
}

const pathOf = (name: string) => `/api/v1/datasets/${encodeURIComponent(name)}/synthetic`;

export function addSynth(group: Command, terminal: Terminal): void {
  addCommand<Flags>(group, terminal, {
    usage: "synth <name>",
    about: [
      "Rows that are nobody's: the twin, from the schema alone; or with --epsilon records made from noisy counts, charged",
      "下载合成数据：默认仅由结构生成；给出 --epsilon 时由带噪声的统计生成并消耗预算",
    ],
    example: "glovebox dataset synth flchain --epsilon 2 --columns age sex kappa death -o flchain-synth.csv",
    flags: (command) =>
      command
        .option("-o, --output <file>", "where to (NAME.synthetic.csv)")
        .option(
          "--epsilon <e>",
          "what the records may reveal of any one unit; without it they reveal nothing",
        )
        .option("--delta <d>", "δ (1e-6)")
        .option("--columns <name...>", "these columns; fewer columns have less noise each")
        .option("--bins <n>", "ranges into which numbers and dates are cut (16)")
        .option("--quote", "only say what it would cost, touching no row"),
    act: async (context, [name], flags) =>
      flags.epsilon === undefined ? twin(context, name!, flags) : noisy(context, name!, flags),
  });
  addCommand<{ target?: string }>(group, terminal, {
    usage: "compare <name> <charge>",
    about: [
      "How near the synthetic records of a charge come to one's own data: exact, for the owner alone",
      "合成数据与本部门真实数据的偏差，仅数据提供方可见",
    ],
    example: "glovebox dataset compare flchain chg_01JD --target death",
    flags: (command) =>
      command.option("--target <column>", "train a model of this column on both, and test it on true rows"),
    async act(context, [name, charge], { target }) {
      const query = target === undefined ? "" : `?target=${encodeURIComponent(target)}`;
      const path = `${pathOf(name!)}/${encodeURIComponent(charge!)}${query}`;
      const compared = await context.client().get<Comparison>(path);
      return { json: compared, text: () => comparisonText(context, compared) };
    },
  });
}

const fileOf = (name: string, { output }: Flags): string => output ?? `${name}.synthetic.csv`;
const savedText = ({ path, bytes }: Saved): string => `${path} (${size(bytes)})`;

async function twin(context: Context, name: string, flags: Flags) {
  const { delta, columns, bins, quote } = flags;
  if ([delta, columns, bins, quote].some((flag) => flag !== undefined))
    throw new Usage(
      "--delta, --columns, --bins and --quote belong to records with noise: say --epsilon too.",
      "--delta、--columns、--bins、--quote 需与 --epsilon 一同使用。",
    );
  const answer = await context.client().open("GET", pathOf(name));
  const saved = await saveStream(answer, fileOf(name, flags));
  return { json: saved, text: () => savedText(saved) };
}

async function noisy(context: Context, name: string, flags: Flags) {
  const { epsilon, delta, columns, quote } = flags;
  const bins = flags.bins === undefined ? undefined : Number(flags.bins);
  const question = { epsilon, delta, columns, bins, quote };
  const answer = await patiently(() => context.client().post<Records | SynthQuote>(pathOf(name), question));
  if ("quote" in answer) return { json: answer, text: () => quoteText(context, answer) };
  const { csv, ...rest } = answer;
  const saved = await saveStream(Readable.from([Buffer.from(csv)]), fileOf(name, flags));
  return {
    json: { ...saved, ...rest },
    text: () => `${savedText(saved)}\n\n${recordsText(context, answer)}`,
  };
}
