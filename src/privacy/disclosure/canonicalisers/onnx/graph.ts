/**
 * Graphs of a model (ONNX GraphProto): read, and cut to what its outputs need.
 *
 * Rules: nodes and tensors that no output depends on are hidden content. Descriptions, names of nodes and hints of
 * types are dropped; sparse and quantised extras, functions and references to them are refused.
 */
import { canonicalValues } from "../array-values.js";
import type { HiddenBytes } from "../hidden-bytes.js";
import type { Tensor } from "./tensor.js";
import { readTensor } from "./tensor.js";
import type { Texts } from "./texts.js";
import type { ValueType } from "./types.js";
import { readType } from "./types.js";
import type { Message } from "./wire.js";
import { wrongModel } from "./wire.js";

export interface Attribute {
  name: string;
  type: bigint;
  float?: Buffer;
  int?: bigint;
  text?: string;
  tensor?: Tensor;
  graph?: Graph;
  floats: Buffer;
  ints: bigint[];
  texts: string[];
  tensors: Tensor[];
  graphs: Graph[];
}

export interface Node {
  inputs: string[];
  outputs: string[];
  operator: string;
  domain: string;
  attributes: Attribute[];
}

export interface GraphValue {
  name: string;
  type: ValueType | undefined;
}

export interface Graph {
  nodes: Node[];
  tensors: Tensor[];
  inputs: GraphValue[];
  outputs: GraphValue[];
}

const DOMAINS = new Set(["", "ai.onnx", "ai.onnx.ml"]);
const MAX_DEPTH = 16;
const NO_ATTRIBUTES = {
  14: "types as attributes",
  15: "types as attributes",
  21: "functions",
  22: "sparse tensors",
  23: "sparse tensors",
};
const NO_GRAPHS = { 14: "quantisation notes", 15: "sparse tensors" };

export class GraphReader {
  constructor(
    private readonly texts: Texts,
    private readonly hidden: HiddenBytes,
  ) {}

  graph(message: Message, depth = 0): Graph {
    if (depth > MAX_DEPTH) throw wrongModel("its graphs are nested too deeply");
    message.refuse(NO_GRAPHS);
    message.dropNames([2], "of graphs", this.hidden);
    message.drop([10, 16], "in a graph's description", this.hidden);
    // hints of types, which a runtime works out itself
    message.dropNames([13], "of values between nodes", this.hidden);
    const graph = {
      nodes: message.messages(1).map((m) => this.node(m, depth)),
      tensors: message.messages(5).map((m) => readTensor(m, this.texts, this.hidden)),
      inputs: message.messages(11).map((m) => this.value(m)),
      outputs: message.messages(12).map((m) => this.value(m)),
    };
    message.rest(this.hidden);
    return this.live(graph);
  }

  private value(message: Message): GraphValue {
    message.drop([3, 4], "in a value's description", this.hidden);
    const name = this.texts.raw(message.bytes(1));
    const type = message.message(2);
    const value = { name, type: type && readType(type, this.hidden) };
    message.rest(this.hidden);
    return value;
  }

  private node(message: Message, depth: number): Node {
    message.dropNames([3], "of nodes", this.hidden);
    message.drop([6, 8, 9, 10], "in a node's description", this.hidden);
    const node = {
      inputs: message.all(1).map((b) => this.texts.raw(b)),
      outputs: message.all(2).map((b) => this.texts.raw(b)),
      operator: this.texts.word(message.bytes(4)),
      attributes: message.messages(5).map((m) => this.attribute(m, depth)),
      domain: this.texts.raw(message.bytes(7)),
    };
    if (!DOMAINS.has(node.domain)) throw wrongModel("it has operators of a domain that is not accepted");
    message.rest(this.hidden);
    node.attributes.sort((a, b) => (a.name < b.name ? -1 : 1));
    return node;
  }

  private attribute(message: Message, depth: number): Attribute {
    message.refuse(NO_ATTRIBUTES);
    message.drop([13], "in an attribute's description", this.hidden);
    const { digits } = this.texts;
    const rounded = (bytes: Buffer) => this.count(canonicalValues("f32", bytes, digits));
    const whole = (values: readonly bigint[]) => {
      const bytes = Buffer.from(BigInt64Array.from(values).buffer);
      return [...new BigInt64Array(new Uint8Array(this.count(canonicalValues("i64", bytes, digits))).buffer)];
    };
    const float = message.float(2);
    const int = message.int(3);
    const text = message.bytes(4);
    const tensor = message.message(5);
    const graph = message.message(6);
    const attribute: Attribute = {
      name: this.texts.word(message.bytes(1)),
      type: message.int(20) ?? 0n,
      ...(float === undefined ? {} : { float: rounded(float) }),
      ...(int === undefined ? {} : { int: whole([int])[0]! }),
      ...(text === undefined ? {} : { text: this.texts.shown(text) }),
      ...(tensor === undefined ? {} : { tensor: readTensor(tensor, this.texts, this.hidden) }),
      ...(graph === undefined ? {} : { graph: this.graph(graph, depth + 1) }),
      floats: rounded(message.fixed(7, 4)),
      ints: whole(message.ints(8)),
      texts: message.all(9).map((b) => this.texts.shown(b)),
      tensors: message.messages(10).map((m) => readTensor(m, this.texts, this.hidden)),
      graphs: message.messages(11).map((m) => this.graph(m, depth + 1)),
    };
    message.rest(this.hidden);
    return attribute;
  }

  private count({ bytes, changed }: { bytes: Buffer; changed: number }): Buffer {
    this.texts.rounded += changed;
    return bytes;
  }

  /** Without the nodes and tensors that no output needs. */
  private live(graph: Graph): Graph {
    const needed = new Set(graph.outputs.map((o) => o.name));
    const nodes: Node[] = [];
    for (const node of [...graph.nodes].reverse()) {
      if (!node.outputs.some((o) => o !== "" && needed.has(o))) {
        const tensors = node.attributes.flatMap((a) => [...(a.tensor ? [a.tensor] : []), ...a.tensors]);
        this.hidden.add(
          "metadata",
          "in a node that no output needs",
          Buffer.from(JSON.stringify(describe(node))),
        );
        this.dead(tensors);
        continue;
      }
      nodes.unshift(node);
      for (const name of namesIn(node)) needed.add(name);
    }
    this.dead(graph.tensors.filter((t) => !needed.has(t.name)));
    return { ...graph, nodes, tensors: graph.tensors.filter((t) => needed.has(t.name)) };
  }

  private dead(tensors: readonly Tensor[]): void {
    for (const { view } of tensors) {
      const numbers = Array.from({ length: view.length }, (_, i) => view.text(i)).join(",");
      this.hidden.add(
        "metadata",
        "in a tensor that no output needs",
        Buffer.concat([view.bytes, Buffer.from(`\n${numbers}`)]),
      );
    }
  }
}

function describe({ inputs, outputs, operator, attributes }: Node) {
  return { inputs, outputs, operator, texts: attributes.flatMap((a) => [a.name, a.text ?? "", ...a.texts]) };
}

/** All names that a node reads, also in the graphs inside it. */
function* namesIn(node: Node): Generator<string> {
  yield* node.inputs;
  for (const { graph, graphs } of node.attributes) {
    for (const inner of [...(graph === undefined ? [] : [graph]), ...graphs]) {
      for (const { name } of inner.outputs) yield name;
      for (const each of inner.nodes) yield* namesIn(each);
    }
  }
}

export function* tensorsIn(graph: Graph): Generator<Tensor> {
  yield* graph.tensors;
  for (const { attributes } of graph.nodes) {
    for (const a of attributes) {
      if (a.tensor !== undefined) yield a.tensor;
      yield* a.tensors;
      for (const inner of [...(a.graph === undefined ? [] : [a.graph]), ...a.graphs]) yield* tensorsIn(inner);
    }
  }
}
