/** Tensors of a model (ONNX TensorProto): dimensions, and elements as array-values.ts or unicode.ts makes them. */
import type { ArrayView } from "../array-text.js";
import type { Element } from "../array-values.js";
import { canonicalValues, WIDTH } from "../array-values.js";
import type { HiddenBytes } from "../hidden-bytes.js";
import { elementsOf } from "../npy.js";
import type { Texts } from "./texts.js";
import type { Message } from "./wire.js";
import { MessageWriter, wrongModel } from "./wire.js";

export interface Tensor {
  name: string;
  type: bigint;
  dims: number[];
  /** Elements of numbers, little-endian. */
  raw?: Buffer;
  strings?: string[];
  changed: number;
  view: ArrayView;
}

const STRING = 8n;
/** ONNX's numbers of element types, and the field that holds them where they are not raw bytes. */
const TYPES: Record<string, readonly [Element, number]> = {
  1: ["f32", 4],
  2: ["u8", 5],
  3: ["i8", 5],
  4: ["u16", 5],
  5: ["i16", 5],
  6: ["i32", 5],
  7: ["i64", 7],
  9: ["bool", 5],
  10: ["f16", 5],
  11: ["f64", 10],
  12: ["u32", 11],
  13: ["u64", 11],
  16: ["bf16", 5],
};

const NOT_ACCEPTED = { 3: "tensors in segments", 13: "tensors in other files" };

/** Whole numbers as the little-endian elements that they stand for. */
function pack(values: readonly bigint[], width: number): Buffer {
  const out = Buffer.alloc(values.length * width);
  values.forEach((value, i) => {
    const low = BigInt.asUintN(width * 8, value);
    if (width === 8) out.writeBigUInt64LE(low, i * 8);
    else out.writeUIntLE(Number(low), i * width, width);
  });
  return out;
}

function elements(message: Message, element: Element, field: number, raw: Buffer | undefined): Buffer {
  const typed =
    field === 4 || field === 10
      ? message.fixed(field, field === 4 ? 4 : 8)
      : pack(message.ints(field), WIDTH[element]);
  if (typed.length > 0 && raw !== undefined && raw.length > 0)
    throw wrongModel("a tensor is given in two ways");
  return typed.length > 0 ? typed : (raw ?? typed);
}

export function readTensor(message: Message, texts: Texts, hidden: HiddenBytes): Tensor {
  message.refuse(NOT_ACCEPTED);
  if ((message.int(14) ?? 0n) !== 0n)
    throw wrongModel("it has tensors in other files, which is not accepted");
  message.drop([12, 16], "in a tensor's description", hidden);
  const dims = message.ints(1).map(Number);
  if (dims.length > 32 || dims.some((d) => d < 0)) throw wrongModel("a tensor's shape is not valid");
  const count = elementsOf(dims);
  const type = message.int(2) ?? 0n;
  const name = texts.raw(message.bytes(8));
  const raw = message.bytes(9);
  const tensor =
    type === STRING ? strings(message, texts) : numbers(message, String(type), raw, texts.digits);
  message.rest(hidden);
  if (tensor.view.length !== count) throw wrongModel("a tensor does not fit its shape");
  return { name, type, dims, ...tensor, view: { ...tensor.view, shape: dims } };
}

type Content = Pick<Tensor, "raw" | "strings" | "changed" | "view">;

function numbers(message: Message, type: string, raw: Buffer | undefined, digits: number): Content {
  const known = TYPES[type];
  if (known === undefined) throw wrongModel("a tensor has a type of element that is not accepted");
  const [element, field] = known;
  const values = canonicalValues(element, elements(message, element, field, raw), digits);
  const length = values.bytes.length / WIDTH[element];
  const view = { name: "", shape: [], length, text: values.text, bytes: values.bytes };
  return { raw: values.bytes, changed: values.changed, view };
}

function strings(message: Message, texts: Texts): Content {
  const all = message.all(6).map((b) => texts.shown(b));
  const view = {
    name: "",
    shape: [],
    length: all.length,
    text: (i: number) => all[i]!,
    bytes: Buffer.alloc(0),
  };
  return { strings: all, changed: 0, view };
}

/** @param bare without its numbers: what is left is what the numbers as text do not say */
export function writeTensor({ type, dims, raw, strings }: Tensor, name: string, bare: boolean): Buffer {
  const out = new MessageWriter().ints(1, dims.map(BigInt)).int(2, type);
  for (const text of strings ?? []) out.bytes(6, text);
  out.text(8, name);
  if (raw !== undefined) out.bytes(9, bare ? "" : raw);
  return out.end();
}
