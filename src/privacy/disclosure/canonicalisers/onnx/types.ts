/** Types of a model's inputs and outputs (ONNX TypeProto): tensors, sequences, maps and optionals of them. */
import type { HiddenBytes } from "../hidden-bytes.js";
import type { Message } from "./wire.js";
import { MessageWriter, wrongModel } from "./wire.js";

/** A dimension's size, or undefined where only its existence is known; its name is not kept. */
type Dimension = bigint | undefined;

export type ValueType =
  | { kind: "tensor"; element: bigint; shape: Dimension[] | undefined }
  | { kind: "sequence" | "optional"; of: ValueType }
  | { kind: "map"; key: bigint; value: ValueType };

const MAX_DEPTH = 8;

function readShape(message: Message, hidden: HiddenBytes): Dimension[] {
  const dimensions = message.messages(1).map((m) => {
    m.dropNames([2, 3], "of dimensions", hidden);
    const size = m.int(1);
    if (size !== undefined && (size < 0n || size > 0xffff_ffffn))
      throw wrongModel("a dimension is not valid");
    m.rest(hidden);
    return size;
  });
  message.rest(hidden);
  return dimensions;
}

function required(message: Message | undefined): Message {
  if (message === undefined) throw wrongModel("a type is not whole");
  return message;
}

export function readType(message: Message, hidden: HiddenBytes, depth = 0): ValueType {
  if (depth > MAX_DEPTH) throw wrongModel("a type is nested too deeply");
  message.refuse({ 7: "opaque types", 8: "sparse tensors" });
  message.drop([6], "in a type's description", hidden);
  const [tensor, sequence, map, optional] = [1, 4, 5, 9].map((n) => message.message(n));
  message.rest(hidden);
  const inner = (m: Message): ValueType => readType(required(m.message(1)), hidden, depth + 1);
  let type: ValueType;
  if (tensor !== undefined) {
    const shape = tensor.message(2);
    type = { kind: "tensor", element: tensor.int(1) ?? 0n, shape: shape && readShape(shape, hidden) };
  } else if (map !== undefined) {
    type = {
      kind: "map",
      key: map.int(1) ?? 0n,
      value: readType(required(map.message(2)), hidden, depth + 1),
    };
  } else if (sequence !== undefined) type = { kind: "sequence", of: inner(sequence) };
  else type = { kind: "optional", of: inner(required(optional)) };
  for (const each of [tensor, sequence, map, optional]) each?.rest(hidden);
  return type;
}

function writeShape(shape: readonly Dimension[]): Buffer {
  const out = new MessageWriter();
  for (const size of shape) {
    const dimension = new MessageWriter();
    if (size !== undefined) dimension.always(1, size);
    out.bytes(1, dimension.end());
  }
  return out.end();
}

export function writeType(type: ValueType): Buffer {
  const out = new MessageWriter();
  switch (type.kind) {
    case "tensor": {
      const tensor = new MessageWriter().int(1, type.element);
      if (type.shape !== undefined) tensor.bytes(2, writeShape(type.shape));
      return out.bytes(1, tensor.end()).end();
    }
    case "map":
      return out.bytes(5, new MessageWriter().int(1, type.key).bytes(2, writeType(type.value)).end()).end();
    default:
      return out
        .bytes(type.kind === "sequence" ? 4 : 9, new MessageWriter().bytes(1, writeType(type.of)).end())
        .end();
  }
}
