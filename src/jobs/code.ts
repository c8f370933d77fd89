/**
 * The files that a job brings, from a map or from a tar.gz, as one plain tar in canonical form: sorted, no
 * owners, no times. The tar is what the vault keeps and what a worker unpacks.
 *
 * Rules: regular files and folders only; a path is relative, stays inside and is no folder of another; what
 * is packed is bounded before and while it is unpacked. A path is the submitter's own and may be named in an error.
 */
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { extract, type Header, pack } from "tar-stream";
import { GloveboxError, invalidInput } from "../vocabulary/index.js";
import { MAX_FILES, MAX_PACKED_BYTES, MAX_PATH_BYTES, MAX_UNPACKED_BYTES } from "./schemas.js";

export type CodeFiles = Map<string, { content: Buffer; executable: boolean }>;

export interface CodeBundle {
  tar: Buffer;
  /** By path, for the stored spec. */
  hashes: { [path: string]: { sha256: string; bytes: number } };
}

/** Why a path cannot be one of a job's files; undefined when it can. */
export function pathProblem(path: string): string | undefined {
  if (path === "" || Buffer.byteLength(path) > MAX_PATH_BYTES)
    return `must be 1 to ${MAX_PATH_BYTES} bytes long`;
  if (/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\\]/u.test(path)) return "holds a control character or a backslash";
  if (path.startsWith("/")) return "must be relative";
  const steps = path.split("/");
  if (steps.some((s) => s === "" || s === "." || s === "..")) return "must not hold empty, . or .. steps";
  if (steps.some((s) => Buffer.byteLength(s) > 255)) return "has a step of more than 255 bytes";
  return undefined;
}

/** @throws invalid_input, too_large */
export function filesFromMap(files: { [path: string]: string }): CodeFiles {
  const code: CodeFiles = new Map();
  let total = 0;
  for (const [path, text] of Object.entries(files)) {
    const problem = pathProblem(path);
    if (problem) throw invalidInput(`files[${JSON.stringify(path.slice(0, 80))}]`, problem);
    const content = Buffer.from(text, "utf8");
    total += content.length;
    code.set(path, { content, executable: false });
  }
  if (total > MAX_PACKED_BYTES) throw tooLarge(`files hold more than ${MAX_PACKED_BYTES} bytes`);
  refuseFolderClashes(code, "files");
  return code;
}

/** @throws invalid_input, too_large */
export async function filesFromArchive(base64: string): Promise<CodeFiles> {
  const packed = Buffer.from(base64, "base64");
  if (packed.length > MAX_PACKED_BYTES) throw tooLarge(`archive is larger than ${MAX_PACKED_BYTES} bytes`);
  const code: CodeFiles = new Map();
  const reader = extract();
  const budget = { left: MAX_UNPACKED_BYTES };
  const unzip = createGunzip();
  // Counted before the tar reader, so that headers and padding count too.
  const counted = async function* (chunks: AsyncIterable<Buffer>) {
    for await (const chunk of chunks) {
      budget.left -= chunk.length;
      if (budget.left < 0) throw tooLarge(`archive unpacks to more than ${MAX_UNPACKED_BYTES} bytes`);
      yield chunk;
    }
  };
  const feeding = pipeline(Readable.from([packed]), unzip, counted, reader);
  try {
    for await (const entry of reader)
      await takeEntry(code, entry.header, entry as unknown as AsyncIterable<Buffer>);
    await feeding;
  } catch (error) {
    feeding.catch(() => {});
    if (error instanceof GloveboxError) throw error;
    throw invalidInput("archive", "is not a readable tar.gz", error);
  }
  refuseFolderClashes(code, "archive");
  return code;
}

async function takeEntry(code: CodeFiles, header: Header, content: AsyncIterable<Buffer>): Promise<void> {
  const path = header.name.replace(/^(\.\/)+/, "").replace(/\/$/, "");
  const parts: Buffer[] = [];
  for await (const part of content) parts.push(part);
  if (header.type === "directory") {
    if (path !== "" && path !== "." && pathProblem(path)) throw badPath(path);
    return;
  }
  if (header.type !== "file")
    throw invalidInput("archive", `holds a ${String(header.type)}: only regular files and folders are taken`);
  if (pathProblem(path)) throw badPath(path);
  if (code.has(path)) throw invalidInput("archive", `holds a path twice: ${path.slice(0, 80)}`);
  if (code.size >= MAX_FILES) throw invalidInput("archive", `holds more than ${MAX_FILES} files`);
  code.set(path, { content: Buffer.concat(parts), executable: ((header.mode ?? 0) & 0o111) !== 0 });
}

const badPath = (path: string) =>
  invalidInput("archive", `path ${pathProblem(path) ?? "is refused"}: ${JSON.stringify(path.slice(0, 80))}`);
const tooLarge = (detail: string) => new GloveboxError("too_large", { detail });

/** A file cannot also be a folder, and two paths must not meet on a file system that folds case or accents. */
function refuseFolderClashes(code: CodeFiles, place: string): void {
  const folders = new Set<string>();
  for (const path of code.keys()) {
    const steps = path.split("/");
    for (let i = 1; i < steps.length; i++) folders.add(steps.slice(0, i).join("/"));
  }
  for (const path of code.keys())
    if (folders.has(path))
      throw invalidInput(place, `holds a path as a file and as a folder: ${path.slice(0, 80)}`);
}

/** The canonical tar: the same files always give the same bytes. */
export async function bundleCode(files: CodeFiles): Promise<CodeBundle> {
  const tar = pack();
  const hashes: CodeBundle["hashes"] = {};
  // tar-stream's streams are of its own make; they can be read as what they are: a sequence of buffers.
  const bytes = collect(tar as unknown as AsyncIterable<Buffer>);
  for (const path of [...files.keys()].sort()) {
    const { content, executable } = files.get(path)!;
    hashes[path] = { sha256: createHash("sha256").update(content).digest("hex"), bytes: content.length };
    tar.entry({ name: path, mode: executable ? 0o555 : 0o444, mtime: new Date(0), type: "file" }, content);
  }
  tar.finalize();
  return { tar: await bytes, hashes };
}

async function collect(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts);
}
