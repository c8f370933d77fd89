/** A model written in one form. Values between nodes lose their names and are numbered as they first appear. */
import type { HiddenBytes } from "../hidden-bytes.js";
import type { Attribute, Graph, GraphValue, Node } from "./graph.js";
import type { Tensor } from "./tensor.js";
import { writeTensor } from "./tensor.js";
import type { Texts } from "./texts.js";
import { writeType } from "./types.js";
import { MessageWriter, wrongModel } from "./wire.js";

export class GraphWriter {
  private readonly names = new Map<string, string>([["", ""]]);
  private prefix = "v";
  private next = 1;

  constructor(
    graph: Graph,
    private readonly texts: Texts,
    private readonly hidden: HiddenBytes,
    /** Without the numbers of tensors, as a part of the content's description. */
    private readonly bare: boolean,
  ) {
    const own = new Set([...graph.inputs, ...graph.outputs].map((v) => v.name));
    for (const name of own) this.names.set(name, this.texts.name(name));
    const kept = new Set(this.names.values());
    if (kept.size !== this.names.size) throw wrongModel("two inputs or outputs look the same");
    while ([...kept].some((name) => name.startsWith(this.prefix))) this.prefix += "_";
  }

  private name(given: string): string {
    const known = this.names.get(given);
    if (known !== undefined) return known;
    const name = `${this.prefix}${this.next++}`;
    this.hidden.addName("of values between nodes", Buffer.from(given));
    this.names.set(given, name);
    return name;
  }

  graph(graph: Graph): Buffer {
    // in the order in which nodes first speak of them
    const inputs = graph.inputs.map((v) => this.value(v));
    const nodes = graph.nodes.map((n) => this.node(n));
    const outputs = graph.outputs.map((v) => this.value(v));
    const tensors = graph.tensors.map((t): [string, Tensor] => [this.name(t.name), t]);
    tensors.sort(([a], [b]) => a.length - b.length || (a < b ? -1 : 1));
    if (new Set(tensors.map(([name]) => name)).size !== tensors.length)
      throw wrongModel("two tensors have one name");
    const out = new MessageWriter();
    for (const node of nodes) out.bytes(1, node);
    out.bytes(2, "graph");
    for (const [name, tensor] of tensors) out.bytes(5, writeTensor(tensor, name, this.bare));
    for (const value of inputs) out.bytes(11, value);
    for (const value of outputs) out.bytes(12, value);
    return out.end();
  }

  private value({ name, type }: GraphValue): Buffer {
    const out = new MessageWriter().bytes(1, this.name(name));
    return type === undefined ? out.end() : out.bytes(2, writeType(type)).end();
  }

  private node({ inputs, outputs, operator, domain, attributes }: Node): Buffer {
    const out = new MessageWriter();
    for (const name of inputs) out.bytes(1, this.name(name));
    for (const name of outputs) out.bytes(2, this.name(name));
    out.bytes(4, operator);
    for (const attribute of attributes) out.bytes(5, this.attribute(attribute));
    return out.text(7, domain).end();
  }

  private attribute(a: Attribute): Buffer {
    const out = new MessageWriter().bytes(1, a.name);
    if (a.float !== undefined) out.float(2, a.float);
    if (a.int !== undefined) out.always(3, a.int);
    if (a.text !== undefined) out.bytes(4, a.text);
    if (a.tensor !== undefined) out.bytes(5, writeTensor(a.tensor, "", this.bare));
    if (a.graph !== undefined) out.bytes(6, this.graph(a.graph));
    if (a.floats.length > 0) out.bytes(7, a.floats);
    out.ints(8, a.ints);
    for (const text of a.texts) out.bytes(9, text);
    for (const tensor of a.tensors) out.bytes(10, writeTensor(tensor, "", this.bare));
    for (const graph of a.graphs) out.bytes(11, this.graph(graph));
    return out.int(20, a.type).end();
  }
}
