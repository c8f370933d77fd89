/**
 * Tensors as the safetensors format keeps them (version 0.4): a JSON header, then the bytes of each.
 *
 * Rules: the header is strict JSON (json-reader.ts), offsets must lie inside the file and no two tensors may share a
 * byte. Holes, tails and all metadata but the name of a framework are hidden content. Canonical form: tensors sorted
 * by name and laid end to end, elements as array-values.ts says, header padded to a multiple of eight.
 */

import { foreignFormat } from "../media.js";
import type { DisclosurePolicy } from "../policy.js";
import { judgeHidden } from "../rules/hidden-content.js";
import { judgeRemoved } from "../rules/invisible-text.js";
import { foreignBytes } from "../rules/media-type.js";
import { noteRounding } from "../rules/rounding.js";
import { cannotRead } from "../rules/unreadable.js";
import { arrayTexts, rowsText } from "./array-text.js";
import type { Element } from "./array-values.js";
import { canonicalValues, WIDTH } from "./array-values.js";
import { HiddenBytes } from "./hidden-bytes.js";
import type { JsonNode } from "./json-reader.js";
import { JsonReader } from "./json-reader.js";
import { elementsOf } from "./npy.js";
import { roundInText } from "./numbers.js";
import type { Rebuilt } from "./rebuilt.js";
import type { Removed } from "./unicode.js";
import { addRemoved, cleanText, NOTHING_REMOVED } from "./unicode.js";

const DTYPES: Record<string, Element> = {
  F64: "f64",
  F32: "f32",
  F16: "f16",
  BF16: "bf16",
  I64: "i64",
  U64: "u64",
  I32: "i32",
  U32: "u32",
  I16: "i16",
  U16: "u16",
  I8: "i8",
  U8: "u8",
  BOOL: "bool",
};

/** The one word of metadata that readers look for; nothing else of it stays. */
const FRAMEWORKS = new Set(["pt", "tf", "np", "flax", "mlx"]);
const METADATA = "__metadata__";
const MAX_NAME = 200;
const MAX_TENSORS = 20_000;

interface Tensor {
  name: string;
  dtype: string;
  shape: number[];
  start: number;
  end: number;
}

const wrong = (what: string) => cannotRead(`Not a file of tensors: ${what}.`);

function whole(node: JsonNode | undefined): number {
  const value = node?.kind === "number" && /^\d{1,15}$/.test(node.text) ? Number(node.text) : -1;
  if (value < 0) throw wrong("its header holds a number that is no size");
  return value;
}

function list(node: JsonNode | undefined): number[] {
  if (node?.kind !== "array") throw wrong("its header has a wrong form");
  return node.items.map(whole);
}

function readTensor(name: string, node: JsonNode): Tensor {
  const members = node.kind === "object" ? node.members : new Map<string, JsonNode>();
  const dtype = members.get("dtype");
  if (members.size !== 3 || dtype?.kind !== "string") throw wrong("its header has a wrong form");
  const element = DTYPES[dtype.text];
  if (element === undefined) throw wrong("a tensor has a type of element that is not accepted");
  const shape = list(members.get("shape"));
  const offsets = list(members.get("data_offsets"));
  const [start = -1, end = -1] = offsets;
  if (offsets.length !== 2 || start < 0 || end - start !== elementsOf(shape) * WIDTH[element])
    throw wrong("a tensor's place does not fit its shape");
  return { name, dtype: dtype.text, shape, start, end };
}

class Names {
  removed: Removed = NOTHING_REMOVED;
  constructor(private readonly digits: number) {}
  clean(raw: string): string {
    const cleaned = cleanText(raw);
    this.removed = addRemoved(this.removed, cleaned.removed);
    const name = roundInText(cleaned.text, this.digits).text;
    if (name === "" || name.length > MAX_NAME || name === METADATA)
      throw wrong("a tensor's name is not usable");
    return name;
  }
}

function headerText(bytes: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw wrong("its header is not valid UTF-8");
  }
}

interface Container {
  tensors: Tensor[];
  framework: string | undefined;
  data: Buffer;
  names: Names;
}

function readContainer(bytes: Buffer, policy: DisclosurePolicy, hidden: HiddenBytes): Container {
  const length = bytes.length < 8 ? -1 : Number(bytes.readBigUInt64LE(0));
  if (length < 2 || length > bytes.length - 8) throw wrong("it has no header");
  if (bytes[8] !== 0x7b) throw wrong("it has no header");
  const root = new JsonReader(headerText(bytes.subarray(8, 8 + length)), policy).read();
  if (root.kind !== "object" || root.members.size > MAX_TENSORS) throw wrong("its header has a wrong form");
  const names = new Names(policy.significant_digits);
  const tensors: Tensor[] = [];
  let framework: string | undefined;
  for (const [raw, node] of root.members) {
    if (raw === METADATA) framework = readMetadata(node, hidden);
    else tensors.push(readTensor(names.clean(raw), node));
  }
  if (new Set(tensors.map((t) => t.name)).size !== tensors.length) throw wrong("two names look the same");
  return { tensors, framework, data: bytes.subarray(8 + length), names };
}

function readMetadata(node: JsonNode, hidden: HiddenBytes): string | undefined {
  if (node.kind !== "object") throw wrong("its header has a wrong form");
  let framework: string | undefined;
  for (const [key, value] of node.members) {
    if (value.kind !== "string") throw wrong("its header has a wrong form");
    if (key === "format" && FRAMEWORKS.has(value.text)) framework = value.text;
    else hidden.add("metadata", "in the header's metadata", Buffer.from(`${key} ${value.text}`));
  }
  return framework;
}

/** What no tensor covers. @throws a refusal when two cover the same byte */
function checkPlaces({ tensors, data }: Container, hidden: HiddenBytes): void {
  let at = 0;
  for (const { start, end } of [...tensors].sort((a, b) => a.start - b.start || a.end - b.end)) {
    if (start < at) throw wrong("two tensors share bytes");
    if (end > data.length) throw wrong("a tensor lies beyond the end");
    hidden.add("outside", "between the tensors", data.subarray(at, start));
    at = end;
  }
  hidden.add("outside", "after the last tensor", data.subarray(at));
}

function writeHeader(tensors: readonly Tensor[], framework: string | undefined): Buffer {
  let at = 0;
  const members = tensors.map(({ name, dtype, shape, start, end }) => {
    const place = [at, at + end - start];
    at += end - start;
    return `${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets: place })}`;
  });
  if (framework !== undefined) members.unshift(`"${METADATA}":{"format":"${framework}"}`);
  const json = Buffer.from(`{${members.join(",")}}`, "utf8");
  const padded = Buffer.alloc(8 + Math.ceil(json.length / 8) * 8, " ");
  padded.writeBigUInt64LE(BigInt(padded.length - 8), 0);
  json.copy(padded, 8);
  return padded;
}

export function rebuildSafetensors(bytes: Buffer, extension: string, policy: DisclosurePolicy): Rebuilt {
  const format = foreignFormat(bytes);
  // the length of an honest header may begin like another format, but after it comes a brace
  if (format !== undefined && bytes[8] !== 0x7b) throw foreignBytes(extension, format);
  const hidden = new HiddenBytes();
  const container = readContainer(bytes, policy, hidden);
  checkPlaces(container, hidden);
  const tensors = container.tensors.sort((a, b) => (a.name < b.name ? -1 : 1));
  const digits = policy.significant_digits;
  const values = tensors.map((t) =>
    canonicalValues(DTYPES[t.dtype]!, container.data.subarray(t.start, t.end), digits),
  );
  const views = tensors.map(({ name, shape }, i) => {
    const { text, bytes: own } = values[i]!;
    return { name, shape, length: elementsOf(shape), text, bytes: own };
  });
  const rows = views.map(rowsText);
  const header = writeHeader(tensors, container.framework);
  return {
    canonical: Buffer.concat([header, ...values.map((v) => v.bytes)]),
    findings: [
      ...judgeHidden(hidden.pieces, policy),
      ...judgeRemoved(container.names.removed),
      ...noteRounding(
        values.reduce((n, v) => n + v.changed, 0),
        digits,
      ),
    ],
    texts: [
      { name: "names of the tensors", content: Buffer.from(tensors.map((t) => `${t.name}\n`).join("")) },
      ...arrayTexts(views, rows),
      ...hidden.texts,
    ],
    content: Buffer.concat([header, ...rows]),
  };
}
