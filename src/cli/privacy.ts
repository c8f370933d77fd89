/** `glovebox privacy`: calculators for owners. They need no node, spend nothing and touch no data. */
import type { Command } from "commander";
import {
  composeNoise,
  composeOptimal,
  gaussianSigma,
  NOISE_MECHANISMS,
  type NoiseMechanism,
  sgdEpsilon,
  zcdpToEpsilon,
} from "../privacy/dp/index.js";
import { GloveboxError } from "../vocabulary/index.js";
import { addCommand, addGroup, type Context, type Terminal } from "./command.js";
import { Usage } from "./failure.js";

/** Commander has made sure that all but the optional ones are there. */
interface PrivacyFlags {
  epsilon: string;
  delta: string;
  rho: string;
  sensitivity?: string;
  count: string;
  totalDelta: string;
  examples: string;
  batch: string;
  noise: string;
  epochs: string;
}

function whole(text: string, flag: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new Usage(`--${flag} must be a whole number.`, `--${flag} 须为整数。`);
  return Number(text);
}

/** What a calculator finds wrong is wrong usage: there is nothing else that could be. */
function calculate<T>(calculator: () => T): T {
  try {
    return calculator();
  } catch (error) {
    if (!(error instanceof GloveboxError) || error.code !== "invalid_input") throw error;
    const [{ path, message } = { path: "", message: "" }] = error.params.errors ?? [];
    const flag = `--${path.replaceAll("_", "-")}`;
    throw new Usage(`${flag} ${message}`, `${flag} 无效：${message}`, error);
  }
}

export function addPrivacy(program: Command, terminal: Terminal): void {
  const group = addGroup(program, terminal, {
    name: "privacy",
    about: ["Calculate noise and privacy loss", "计算噪声与隐私损失"],
    example: "glovebox privacy sigma --epsilon 1 --delta 1e-6",
  });
  addSigma(group, terminal);
  addConvert(group, terminal);
  addCompose(group, terminal);
  addSgd(group, terminal);
}

function addSigma(group: Command, terminal: Terminal): void {
  addCommand<PrivacyFlags>(group, terminal, {
    usage: "sigma",
    about: ["Least Gaussian noise for (ε, δ)", "满足 (ε, δ) 的最小高斯噪声"],
    example: "glovebox privacy sigma --epsilon 1 --delta 1e-6 --sensitivity 1",
    flags: (command) =>
      command
        .requiredOption("--epsilon <E>", "target ε")
        .requiredOption("--delta <D>", "target δ")
        .option("--sensitivity <S>", "ℓ2 sensitivity", "1"),
    act: async (context, _args, { epsilon, delta, sensitivity }) => {
      const result = calculate(() => gaussianSigma({ epsilon, delta, sensitivity }));
      const text = context.say(
        `Gaussian noise of σ = ${result.sigma} gives (${epsilon}, ${delta}).`,
        `σ = ${result.sigma} 的高斯噪声满足 (${epsilon}, ${delta})。`,
      );
      return { json: result, text: () => text };
    },
  });
}

function addConvert(group: Command, terminal: Terminal): void {
  addCommand<PrivacyFlags>(group, terminal, {
    usage: "convert",
    about: ["ε that ρ-zCDP guarantees at δ", "ρ-zCDP 在 δ 下保证的 ε"],
    example: "glovebox privacy convert --rho 0.1 --delta 1e-6",
    flags: (command) =>
      command.requiredOption("--rho <R>", "ρ of zCDP").requiredOption("--delta <D>", "target δ"),
    act: async (context, _args, { rho, delta }) => {
      const result = calculate(() => zcdpToEpsilon({ rho, delta }));
      const text = context.say(
        `${rho}-zCDP is (${result.epsilon}, ${delta})-DP.`,
        `${rho}-zCDP 满足 (${result.epsilon}, ${delta})-DP。`,
      );
      return { json: result, text: () => text };
    },
  });
}

/** Steps of unlike kinds have flags of their own: (ε, δ) or noise. */
interface ComposeFlags {
  epsilon?: string;
  delta?: string;
  mechanism?: string;
  sigma?: string;
  scale?: string;
  sensitivity?: string;
  count: string;
  totalDelta: string;
}

function addCompose(group: Command, terminal: Terminal): void {
  addCommand<ComposeFlags>(group, terminal, {
    usage: "compose",
    about: ["ε of so many equal steps, by optimal composition", "多个相同步骤的最优组合 ε"],
    example: "glovebox privacy compose --epsilon 0.1 --delta 1e-8 --count 50 --total-delta 1e-6",
    flags: (command) =>
      command
        .option("--epsilon <E>", "ε of one step")
        .option("--delta <D>", "δ of one step")
        .option("--mechanism <M>", `or its noise: ${NOISE_MECHANISMS.join(", ")}`)
        .option("--sigma <S>", "σ of Gaussian noise")
        .option("--scale <B>", "scale of Laplace noise")
        .option("--sensitivity <D>", "sensitivity of the noisy query, 1 when not said")
        .requiredOption("--count <K>", "number of steps")
        .requiredOption("--total-delta <T>", "δ of all together"),
    act: async (context, _args, flags) =>
      flags.mechanism === undefined ? ofSteps(context, flags) : ofNoise(context, flags, flags.mechanism),
  });
}

function ofSteps(context: Context, flags: ComposeFlags) {
  const { epsilon, delta, count, totalDelta } = flags;
  if (epsilon === undefined || delta === undefined)
    throw new Usage(
      "say --epsilon and --delta, or --mechanism.",
      "须给出 --epsilon 与 --delta，或 --mechanism。",
    );
  if (flags.sigma !== undefined || flags.scale !== undefined || flags.sensitivity !== undefined)
    throw new Usage(
      "--sigma, --scale and --sensitivity go with --mechanism.",
      "--sigma、--scale、--sensitivity 须与 --mechanism 同用。",
    );
  const result = calculate(() =>
    composeOptimal({ epsilon, delta, count: whole(count, "count"), totalDelta }),
  );
  const text = context.say(
    `${count} steps are (${result.epsilon}, ${totalDelta})-DP by Theorem 3.3 of Kairouz, Oh and Viswanath; the least ε is ${result.least_epsilon}.`,
    `${count} 个步骤合计满足 (${result.epsilon}, ${totalDelta})-DP（Kairouz–Oh–Viswanath 定理 3.3）；最小 ε 为 ${result.least_epsilon}。`,
  );
  return { json: result, text: () => text };
}

function ofNoise(context: Context, flags: ComposeFlags, mechanism: string) {
  if (flags.epsilon !== undefined || flags.delta !== undefined)
    throw new Usage(
      "--epsilon and --delta do not go with --mechanism.",
      "--epsilon、--delta 不能与 --mechanism 同用。",
    );
  const known = NOISE_MECHANISMS.find((name): name is NoiseMechanism => name === mechanism);
  if (known === undefined)
    throw new Usage(
      `--mechanism must be one of ${NOISE_MECHANISMS.join(", ")}.`,
      `--mechanism 须为 ${NOISE_MECHANISMS.join("、")} 之一。`,
    );
  const { sigma, scale, sensitivity, count, totalDelta } = flags;
  const result = calculate(() =>
    composeNoise({ mechanism: known, sigma, scale, sensitivity, count: whole(count, "count"), totalDelta }),
  );
  const text = context.say(
    `${count} steps of ${known} noise are (${result.epsilon}, ${totalDelta})-DP by their privacy-loss distribution.`,
    `${count} 个 ${known} 噪声步骤合计满足 (${result.epsilon}, ${totalDelta})-DP（隐私损失分布）。`,
  );
  return { json: result, text: () => text };
}

function addSgd(group: Command, terminal: Terminal): void {
  addCommand<PrivacyFlags>(group, terminal, {
    usage: "sgd",
    about: ["ε of training with noisy gradients", "带噪梯度训练的 ε"],
    example: "glovebox privacy sgd --examples 60000 --batch 150 --noise 1.3 --epochs 15 --delta 1e-5",
    flags: (command) =>
      command
        .requiredOption("--examples <N>", "number of examples")
        .requiredOption("--batch <B>", "expected size of a Poisson-sampled batch")
        .requiredOption("--noise <Z>", "noise multiplier: σ of the noise over the clipping norm")
        .requiredOption("--epochs <K>", "passes over the examples")
        .requiredOption("--delta <D>", "target δ"),
    act: async (context, _args, { examples, batch, noise, epochs, delta }) => {
      const input = {
        examples: whole(examples, "examples"),
        batch: whole(batch, "batch"),
        noise,
        epochs: whole(epochs, "epochs"),
        delta,
      };
      const result = calculate(() => sgdEpsilon(input));
      const text = context.say(
        `${result.steps} steps are (${result.epsilon}, ${delta})-DP (Rényi order ${result.order}).`,
        `${result.steps} 步训练满足 (${result.epsilon}, ${delta})-DP（Rényi 阶 ${result.order}）。`,
      );
      return { json: result, text: () => text };
    },
  });
}
