/**
 * Models as ONNX: the fields of its messages that a runtime needs, and no other.
 *
 * Canonical form: fields in order, tensors as raw little-endian elements (array-values.ts) and text (unicode.ts),
 * inputs and outputs under their names, everything between them numbered, nothing that no output needs. Producer,
 * descriptions, properties and names of nodes are dropped; unknown fields are hidden content; tensors in other files,
 * functions and training steps are refused. A model's numbers may still hold records: see the docs on capacity.
 */
import { foreignFormat } from "../media.js";
import type { DisclosurePolicy } from "../policy.js";
import { judgeHidden } from "../rules/hidden-content.js";
import { judgeRemoved } from "../rules/invisible-text.js";
import { foreignBytes } from "../rules/media-type.js";
import { noteRounding } from "../rules/rounding.js";
import { arrayTexts, rowsText } from "./array-text.js";
import { HiddenBytes } from "./hidden-bytes.js";
import type { Graph } from "./onnx/graph.js";
import { GraphReader, tensorsIn } from "./onnx/graph.js";
import { Texts } from "./onnx/texts.js";
import { Message, MessageWriter, wrongModel } from "./onnx/wire.js";
import { GraphWriter } from "./onnx/write.js";
import type { Rebuilt } from "./rebuilt.js";

interface Model {
  version: bigint;
  /** Domain and version of the operators. */
  operators: [string, bigint][];
  graph: Graph;
}

const NOT_ACCEPTED = { 20: "training steps", 25: "functions", 26: "configurations of devices" };

function readModel(bytes: Buffer, texts: Texts, hidden: HiddenBytes): Model {
  const message = new Message(bytes);
  message.refuse(NOT_ACCEPTED);
  message.dropNames([2, 3, 4, 5], "of its producer", hidden);
  message.drop([6, 14], "in the model's description", hidden);
  const version = message.int(1) ?? 0n;
  const graph = message.message(7);
  if (graph === undefined || version < 1n || version > 100n)
    throw wrongModel("it has no graph or no version");
  const operators = message.messages(8).map((m): [string, bigint] => {
    const set: [string, bigint] = [texts.raw(m.bytes(1)), m.int(2) ?? 0n];
    m.rest(hidden);
    return set;
  });
  message.rest(hidden);
  const used = new Set(["", "ai.onnx", "ai.onnx.ml"]);
  if (operators.some(([, v]) => v < 1n || v > 1_000n))
    throw wrongModel("a version of its operators is not valid");
  const kept = operators.filter(([domain]) => used.has(domain)).sort(([a], [b]) => (a < b ? -1 : 1));
  if (new Set(kept.map(([domain]) => domain)).size !== kept.length)
    throw wrongModel("a domain is named twice");
  return { version, operators: kept, graph: new GraphReader(texts, hidden).graph(graph) };
}

function writeModel(
  { version, operators, graph }: Model,
  texts: Texts,
  hidden: HiddenBytes,
  bare: boolean,
): Buffer {
  const out = new MessageWriter().int(1, version);
  out.bytes(7, new GraphWriter(graph, texts, hidden, bare).graph(graph));
  for (const [domain, number] of operators)
    out.bytes(8, new MessageWriter().text(1, domain).int(2, number).end());
  return out.end();
}

export function rebuildOnnx(bytes: Buffer, extension: string, policy: DisclosurePolicy): Rebuilt {
  const format = foreignFormat(bytes);
  if (format !== undefined) throw foreignBytes(extension, format);
  const hidden = new HiddenBytes();
  const texts = new Texts(policy.significant_digits);
  const model = readModel(bytes, texts, hidden);
  const tensors = [...tensorsIn(model.graph)];
  const views = tensors.map((t) => t.view);
  const rows = views.map(rowsText);
  const canonical = writeModel(model, texts, hidden, false);
  const skeleton = writeModel(model, new Texts(policy.significant_digits), new HiddenBytes(), true);
  const rounded = tensors.reduce((n, t) => n + t.changed, texts.rounded);
  return {
    canonical,
    findings: [
      ...judgeHidden(hidden.pieces, policy),
      ...judgeRemoved(texts.removed),
      ...noteRounding(rounded, policy.significant_digits),
    ],
    texts: [
      { name: "texts of the model", content: Buffer.from(`${texts.lines.join("\n")}\n`) },
      ...arrayTexts(views, rows),
      ...hidden.texts,
    ],
    content: Buffer.concat([skeleton, ...rows]),
  };
}
