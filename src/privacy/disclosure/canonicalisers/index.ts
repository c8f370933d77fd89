/**
 * The canonicalisers by name, each loaded when it is wanted: their parsers take longer to load than most files take
 * to read, and the node itself needs none of them.
 */
import type { Canonicaliser } from "../media.js";
import type { Canonicalise } from "./rebuilt.js";

const LOADERS: Record<Canonicaliser, () => Promise<Canonicalise>> = {
  csv: async () => (await import("./csv.js")).rebuildCsv,
  json: async () => (await import("./json.js")).rebuildJson,
  text: async () => (await import("./text.js")).rebuildText,
  png: async () => (await import("./png.js")).rebuildPng,
  jpeg: async () => (await import("./jpeg.js")).rebuildJpeg,
  svg: async () => (await import("./markup/svg.js")).rebuildSvg,
  html: async () => (await import("./markup/html.js")).rebuildHtml,
  parquet: async () => (await import("./parquet.js")).rebuildParquet,
  onnx: async () => (await import("./onnx.js")).rebuildOnnx,
  npz: async () => (await import("./npz.js")).rebuildNpz,
  safetensors: async () => (await import("./safetensors.js")).rebuildSafetensors,
};

export const loadCanonicaliser = (name: Canonicaliser): Promise<Canonicalise> => LOADERS[name]();
