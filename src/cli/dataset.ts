/** `glovebox dataset`: the catalogue, and an owner's work on it. */
import { createReadStream, readFileSync, statSync } from "node:fs";
import { extname } from "node:path";
import type { Command } from "commander";
import { addCommand, addGroup, type Context, type Terminal } from "./command.js";
import { type Dataset, datasetSheet, datasetTable, type Version } from "./dataset-view.js";
import { saveStream } from "./download.js";
import { Usage } from "./failure.js";
import { readAll } from "./paged.js";
import { size } from "./terminal.js";

interface AddFlags {
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
    about: ["Register a dataset and attach a CSV as its first version", "登记数据资源并上传 CSV"],
    example: "glovebox dataset add flchain.csv --name flchain --unit id --auditor chen wu",
    flags: addFlags,
    act: async (context, [file], flags) => add(context, file!, flags),
  });
  addCommand(group, terminal, {
    usage: "put <name> <file>",
    about: ["Attach a CSV as a new version", "上传新版本"],
    example: "glovebox dataset put flchain flchain-2026.csv",
    async act(context, [name, file]) {
      const version = await putContent(context, name!, file!);
      return { json: version, text: () => attached(context, name!, version) };
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
}

function addFlags(command: Command): void {
  command
    .requiredOption("--name <name>", "its name in the catalogue")
    .option("--unit <column>", "the column that names the protected person or enterprise")
    .option("--title <text>", "for people")
    .option("--auditor <name...>", "who reviews releases from it")
    .option("--max-rows-per-unit <n>", "how many rows a unit may have (1)")
    .option("--describe <file>", "JSON with columns, grades, bounds, budget: as the body of POST /datasets");
}

async function add(context: Context, file: string, flags: AddFlags) {
  const client = context.client();
  requireFile(file);
  const described = flags.describe === undefined ? {} : readJson(flags.describe);
  await client.post<Dataset>("/api/v1/datasets", {
    ...described,
    name: flags.name,
    ...(flags.unit === undefined ? {} : { unit_column: flags.unit }),
    ...(flags.title === undefined ? {} : { title: flags.title }),
    ...(flags.auditor === undefined ? {} : { auditors: flags.auditor }),
    ...(flags.maxRowsPerUnit === undefined ? {} : { max_rows_per_unit: Number(flags.maxRowsPerUnit) }),
  });
  const version = await putContent(context, flags.name, file);
  const dataset = await client.get<Dataset>(pathOf(flags.name));
  return {
    json: { ...dataset, version: version.version, sha256: version.sha256, rows: version.rows },
    text: () =>
      `${attached(context, flags.name, version)}\n${context.say(
        `Next: glovebox dataset assess ${flags.name}, then glovebox dataset publish ${flags.name}`,
        `下一步：glovebox dataset assess ${flags.name}，然后 glovebox dataset publish ${flags.name}`,
      )}`,
  };
}

async function putContent(context: Context, name: string, file: string): Promise<Version> {
  const bytes = requireFile(file);
  context.progress.show(
    context.say(`sending ${file} (${size(bytes)}) …`, `正在上传 ${file}（${size(bytes)}）……`),
  );
  const body = { media: mediaOf(file), content: createReadStream(file), bytes };
  return context.client().put<Version>(`${pathOf(name)}/content`, body);
}

/** What a file is sent as, by its name; where that does not tell, its bytes do. */
const MEDIA: Readonly<Record<string, string>> = {
  ".csv": "text/csv",
  ".jsonl": "application/x-ndjson",
  ".ndjson": "application/x-ndjson",
  ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
  ".parquet": "application/vnd.apache.parquet",
  ".gz": "application/gzip",
  ".zip": "application/zip",
};
const mediaOf = (file: string): string => MEDIA[extname(file).toLowerCase()] ?? "application/octet-stream";

const attached = (context: Context, name: string, v: Version) =>
  context.say(
    `${name}: ${v.rows} rows, ${v.columns.length} columns, ${v.units} units, encrypted as ${v.version}.`,
    `${name}：${v.rows} 行，${v.columns.length} 列，${v.units} 个隐私单元，已加密为 ${v.version}。`,
  );

/** @returns its size. @throws Usage when there is no such file. */
function requireFile(file: string): number {
  const stat = statSync(file, { throwIfNoEntry: false });
  if (!stat?.isFile()) throw new Usage(`There is no file ${file}.`, `文件 ${file} 不存在。`);
  return stat.size;
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

function addSynth(group: Command, terminal: Terminal): void {
  addCommand<{ output?: string }>(group, terminal, {
    usage: "synth <name>",
    about: ["Download the synthetic twin", "下载合成数据"],
    example: "glovebox dataset synth flchain -o flchain-twin.csv",
    flags: (command) => command.option("-o, --output <file>", "where to (NAME.synthetic.csv)"),
    async act(context, [name], { output }) {
      const answer = await context.client().open("GET", `${pathOf(name!)}/synthetic`);
      const saved = await saveStream(answer, output ?? `${name}.synthetic.csv`);
      return { json: saved, text: () => `${saved.path} (${size(saved.bytes)})` };
    },
  });
}
