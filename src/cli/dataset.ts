/** `glovebox dataset`: the catalogue, and an owner's work on it. */
import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { addCommand, addGroup, type Context, type Terminal } from "./command.js";
import {
  attached,
  fileToSend,
  isInParts,
  requireFile,
  type SendFlags,
  sendContent,
  sendFlags,
} from "./dataset-content.js";
import { type Dataset, datasetSheet, datasetTable } from "./dataset-view.js";
import { addDisclosure } from "./disclosure.js";
import { Refusal, Usage } from "./failure.js";
import { readAll } from "./paged.js";
import { addReleasePolicy } from "./release-policy.js";
import type { SentFile } from "./sending.js";
import { addSynth } from "./synth.js";
import { findUploads, hashOf } from "./upload.js";

interface AddFlags extends SendFlags {
  name: string;
  unit?: string;
  title?: string;
  auditor?: string[];
  maxRowsPerUnit?: string;
  describe?: string;
}

const pathOf = (name: string) => `/api/v1/datasets/${encodeURIComponent(name)}`;

export function addDataset(program: Command, terminal: Terminal): void {
  const group = addGroup(program, terminal, {
    name: "dataset",
    about: ["The catalogue", "数据资源"],
    example: "glovebox dataset list",
  });
  addCommand<AddFlags>(group, terminal, {
    usage: "add <file>",
    about: [
      "Register a dataset and attach a file as its first version: CSV, Excel, JSON lines, Parquet, gzip, zip",
      "登记数据资源并上传数据文件",
    ],
    example: "glovebox dataset add flchain.csv --name flchain --unit id --auditor chen wu",
    flags: addFlags,
    act: async (context, [file], flags) => add(context, file!, flags),
  });
  addCommand<SendFlags>(group, terminal, {
    usage: "put <name> <file>",
    about: ["Attach a file as a new version", "上传新版本"],
    example: "glovebox dataset put flchain flchain-2026.csv --encoding gbk --missing 不详",
    flags: sendFlags,
    async act(context, [name, file], flags) {
      const content = await sendContent(context, name!, fileToSend(file!), flags);
      return { json: content, text: () => attached(context, name!, content) };
    },
  });
  addCommand(group, terminal, {
    usage: "list",
    about: ["List the catalogue", "数据目录"],
    example: "glovebox dataset list",
    async act(context) {
      const items = await readAll<Dataset>(context.client(), "/api/v1/datasets");
      return { json: { items }, text: () => datasetTable(context.language, items) };
    },
  });
  addCommand(group, terminal, {
    usage: "show <name>",
    about: ["Show a dataset: schema and grades, never values", "查看数据资源"],
    example: "glovebox dataset show flchain",
    async act(context, [name]) {
      const dataset = await context.client().get<Dataset>(pathOf(name!));
      return { json: dataset, text: () => datasetSheet(context.language, dataset) };
    },
  });
  addSteps(group, terminal);
  addSynth(group, terminal);
  addReleasePolicy(group, terminal);
  addDisclosure(group, terminal);
}

function addFlags(command: Command): void {
  sendFlags(
    command
      .requiredOption("--name <name>", "its name in the catalogue")
      .option("--unit <column>", "the column that names the protected person or enterprise")
      .option("--title <text>", "for people")
      .option("--auditor <name...>", "who reviews releases from it")
      .option("--max-rows-per-unit <n>", "how many rows a unit may have (1)")
      .option(
        "--describe <file>",
        "JSON with columns, grades, bounds, budget: as the body of POST /datasets",
      ),
  );
}

async function add(context: Context, path: string, flags: AddFlags) {
  const client = context.client();
  const file = fileToSend(path);
  const said = describedBy(flags);
  await client
    .post<Dataset>("/api/v1/datasets", { ...said, name: flags.name })
    .catch(async (error: unknown) => {
      if (!(await isBegun(context, error, file, flags))) throw error;
      await client.patch<Dataset>(pathOf(flags.name), said);
    });
  const content = await sendContent(context, flags.name, file, flags);
  const dataset = await client.get<Dataset>(pathOf(flags.name));
  const { version, sha256, rows, evidence } = content;
  return {
    json: { ...dataset, version, sha256, rows, file: content.file, evidence },
    text: () =>
      `${attached(context, flags.name, content)}\n\n${context.say(
        `Next: glovebox dataset assess ${flags.name}, then glovebox dataset publish ${flags.name}`,
        `下一步：glovebox dataset assess ${flags.name}，然后 glovebox dataset publish ${flags.name}`,
      )}`,
  };
}

function describedBy(flags: AddFlags): object {
  const { name: _flag, ...described } = (flags.describe === undefined ? {} : readJson(flags.describe)) as {
    name?: unknown;
  };
  return {
    ...described,
    ...(flags.unit === undefined ? {} : { unit_column: flags.unit }),
    ...(flags.title === undefined ? {} : { title: flags.title }),
    ...(flags.auditor === undefined ? {} : { auditors: flags.auditor }),
    ...(flags.maxRowsPerUnit === undefined ? {} : { max_rows_per_unit: Number(flags.maxRowsPerUnit) }),
  };
}

/** Whether the name is taken by what this very command registered before it was interrupted. */
async function isBegun(context: Context, error: unknown, file: SentFile, flags: AddFlags): Promise<boolean> {
  if (!(error instanceof Refusal) || error.code !== "state_conflict" || !isInParts(file, flags)) return false;
  const client = context.client();
  const there = await client.get<Dataset>(pathOf(flags.name)).catch(() => undefined);
  if (there?.state !== "draft") return false;
  if (there.current_version === undefined) return true;
  // Its answer got lost, perhaps.
  const sha256 = await hashOf(context, file);
  return (await findUploads(client, flags.name, sha256)).taken !== undefined;
}

function readJson(file: string): object {
  requireFile(file);
  try {
    const value: unknown = JSON.parse(readFileSync(file, "utf8"));
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  } catch {
    // Told below, as for any other file that is no object.
  }
  throw new Usage(`${file} is not a JSON object.`, `${file} 不是 JSON 对象。`);
}

function addSteps(group: Command, terminal: Terminal): void {
  const steps = [
    ["assess", "Accept the proposed risk assessment", "接受风险评估建议", "assessed", "已评估"],
    ["publish", "Publish it: it can be granted and worked on", "发布数据资源", "published", "已发布"],
    ["suspend", "Suspend it: nothing new starts, running jobs end", "暂停数据资源", "suspended", "已暂停"],
    ["retire", "Retire it for good", "注销数据资源", "retired", "已注销"],
  ] as const;
  for (const [step, about, about_zh, past, past_zh] of steps) {
    addCommand(group, terminal, {
      usage: `${step} <name>`,
      about: [about, about_zh],
      example: `glovebox dataset ${step} flchain`,
      async act(context, [name]) {
        const dataset = await context.client().post<Dataset>(`${pathOf(name!)}/${step}`);
        return {
          json: dataset,
          text: () =>
            context.say(
              `${dataset.name} is ${past}; grade ${dataset.grade}.`,
              `${dataset.name} ${past_zh}，分级 ${dataset.grade}。`,
            ),
        };
      },
    });
  }
}
