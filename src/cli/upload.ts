/**
 * A large file goes to the node in parts that are kept as they arrive, so that a broken connection, a node that is
 * started again or this command being started again costs what was on its way.
 *
 * Rules: what was sent is found again by the file's own hash, which is computed first, so nothing is remembered on this
 * machine; the node checks the whole against that hash.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import type { Client } from "./client.js";
import type { Context } from "./command.js";
import type { Content } from "./content-view.js";
import { Failure, Unreachable } from "./failure.js";
import { readAll } from "./paged.js";
import { isConflict, pathOfUpload, Sending, type SentFile, share, type Upload } from "./sending.js";

const pathOf = (dataset: string) => `/api/v1/datasets/${encodeURIComponent(dataset)}`;
const base64 = (text: string) => Buffer.from(text).toString("base64");

export async function hashOf(context: Context, file: SentFile): Promise<string> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of createReadStream(file.path, {
    signal: context.signal,
  }) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    bytes += chunk.length;
    const percent = share(bytes, file.bytes);
    context.progress.show(
      context.say(`reading ${file.path} … ${percent}`, `正在读取 ${file.path}……${percent}`),
    );
  }
  return hash.digest("hex");
}

/** Uploads of this very file that are there already: an unfinished one, and what made the present version. */
export async function findUploads(
  client: Client,
  dataset: string,
  sha256: string,
): Promise<{ open?: Upload; taken?: Upload }> {
  const { current_version } = await client.get<{ current_version?: string }>(pathOf(dataset));
  const all = await readAll<Upload>(client, `${pathOf(dataset)}/uploads`);
  const same = all.filter((upload) => upload.sha256 === sha256);
  return {
    open: same.filter(({ state }) => state !== "taken").sort((a, b) => b.offset - a.offset)[0],
    taken: same.find(({ state, version }) => state === "taken" && version === current_version),
  };
}

/** Sends the file, or what is missing of it, and makes it a version. */
export async function sendInParts(
  context: Context,
  dataset: string,
  file: SentFile,
  query: string,
): Promise<Content> {
  const client = context.client();
  const sha256 = await hashOf(context, file);
  const { open, taken } = await findUploads(client, dataset, sha256);
  const answer = taken && (await answered(client, taken, query));
  if (answer) return answer;
  const upload = open ?? (await begin(client, dataset, file, sha256));
  const sending = new Sending(context, client, file, upload);
  try {
    await sending.send();
    return await sending.take(query);
  } catch (error) {
    throw explained(error, context);
  }
}

/** What the present version was answered with, where this file made it under these options: its answer got lost. */
async function answered(client: Client, taken: Upload, query: string): Promise<Content | undefined> {
  try {
    return await client.post<Content>(`${pathOfUpload(taken)}/content${query}`);
  } catch (error) {
    if (isConflict(error)) return undefined;
    throw error;
  }
}

async function begin(client: Client, dataset: string, file: SentFile, sha256: string): Promise<Upload> {
  return client.post<Upload>(
    `${pathOf(dataset)}/uploads`,
    {},
    {
      "tus-resumable": "1.0.0",
      "upload-length": String(file.bytes),
      "upload-metadata": `filetype ${base64(file.media)},sha256 ${base64(sha256)}`,
    },
  );
}

function explained(error: unknown, { signal }: Context): unknown {
  const again = "what the node has is kept for two days: the same command goes on from there.";
  const again_zh = "节点已收到的部分保留两天，再次执行同一命令即可续传。";
  if (signal.aborted) return new Failure(`Interrupted; ${again}`, `已中断；${again_zh}`, error);
  if (error instanceof Unreachable)
    return new Unreachable(`${error.message} ${again}`, `${error.message_zh}${again_zh}`, error);
  return error;
}
