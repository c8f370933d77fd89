/** `glovebox privacy`: calculators for owners. They need no node, spend nothing and touch no data. */
import type { Command } from "commander";
import { composeOptimal, gaussianSigma, sgdEpsilon, zcdpToEpsilon } from "../privacy/dp/index.js";
import { GloveboxError } from "../vocabulary/index.js";
import { addCommand, addGroup, type Terminal } from "./command.js";
import { Usage } from "./failure.js";

/** Commander has made sure that all but `sensitivity` are there. */
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

function addCompose(group: Command, terminal: Terminal): void {
  addCommand<PrivacyFlags>(group, terminal, {
    usage: "compose",
    about: ["ε of so many equal steps, by optimal composition", "多个相同步骤的最优组合 ε"],
    example: "glovebox privacy compose --epsilon 0.1 --delta 1e-8 --count 50 --total-delta 1e-6",
    flags: (command) =>
      command
        .requiredOption("--epsilon <E>", "ε of one step")
        .requiredOption("--delta <D>", "δ of one step")
        .requiredOption("--count <K>", "number of steps")
        .requiredOption("--total-delta <T>", "δ of all together"),
    act: async (context, _args, { epsilon, delta, count, totalDelta }) => {
      const input = { epsilon, delta, count: whole(count, "count"), totalDelta };
      const result = calculate(() => composeOptimal(input));
      const text = context.say(
        `${count} steps are (${result.epsilon}, ${totalDelta})-DP by Theorem 3.3 of Kairouz, Oh and Viswanath; the least ε is ${result.least_epsilon}.`,
        `${count} 个步骤合计满足 (${result.epsilon}, ${totalDelta})-DP（Kairouz–Oh–Viswanath 定理 3.3）；最小 ε 为 ${result.least_epsilon}。`,
      );
      return { json: result, text: () => text };
    },
  });
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
