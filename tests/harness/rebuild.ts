/** What the checker process makes of a file, in this process: for tests of many files that end no process. */
import { rebuildCsv } from "../../src/privacy/disclosure/canonicalisers/csv.js";
import { rebuildJpeg } from "../../src/privacy/disclosure/canonicalisers/jpeg.js";
import { rebuildJson } from "../../src/privacy/disclosure/canonicalisers/json.js";
import { rebuildHtml } from "../../src/privacy/disclosure/canonicalisers/markup/html.js";
import { rebuildSvg } from "../../src/privacy/disclosure/canonicalisers/markup/svg.js";
import { rebuildNpz } from "../../src/privacy/disclosure/canonicalisers/npz.js";
import { rebuildOnnx } from "../../src/privacy/disclosure/canonicalisers/onnx.js";
import { rebuildParquet } from "../../src/privacy/disclosure/canonicalisers/parquet.js";
import { rebuildPng } from "../../src/privacy/disclosure/canonicalisers/png.js";
import type { Canonicalise } from "../../src/privacy/disclosure/canonicalisers/rebuilt.js";
import { rebuildSafetensors } from "../../src/privacy/disclosure/canonicalisers/safetensors.js";
import { rebuildText } from "../../src/privacy/disclosure/canonicalisers/text.js";
import type { Canonicaliser } from "../../src/privacy/disclosure/media.js";
import { judgeUnread, rebuildWith } from "../../src/privacy/disclosure/rebuild.js";
import type { Canonical, DisclosurePolicy } from "../../src/privacy/index.js";
import { mediaTypeOf } from "../../src/privacy/index.js";
import type { Evidence } from "../../src/vocabulary/index.js";

const CANONICALISERS: Record<Canonicaliser, Canonicalise> = {
  csv: rebuildCsv,
  json: rebuildJson,
  text: rebuildText,
  png: rebuildPng,
  jpeg: rebuildJpeg,
  svg: rebuildSvg,
  html: rebuildHtml,
  parquet: rebuildParquet,
  onnx: rebuildOnnx,
  npz: rebuildNpz,
  safetensors: rebuildSafetensors,
};

export function rebuild(
  name: string,
  bytes: Buffer,
  policy: DisclosurePolicy,
  evidence: Evidence = "unverified",
): Canonical {
  const unread = judgeUnread(name, bytes.length, policy);
  if (unread !== undefined) return unread;
  return rebuildWith(CANONICALISERS[mediaTypeOf(name)!.canonicaliser], name, bytes, policy, evidence);
}
