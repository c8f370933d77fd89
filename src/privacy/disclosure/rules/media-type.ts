/** The file's type: a known and accepted extension, and bytes that are of that type. Source: privacy design, files. */
import type { RuleDefinition } from "./definition.js";
import { refuse } from "./definition.js";

export const mediaType: RuleDefinition = {
  id: "media_type",
  title: "Type of file",
  title_zh: "文件类型",
  default: "csv json md txt log png jpeg svg html parquet onnx npz safetensors",
  verdicts: ["fail"],
  sentence:
    "The extension names a type that is accepted, and the bytes are of that type; archives and pickles never are.",
  sentence_zh: "扩展名须为允许的类型且内容与之一致；压缩包与 pickle 一律拒绝。",
  source: "Allow-list by parsing; after OWASP File Upload guidance",
};

export const unknownType = () =>
  refuse(mediaType, `The name has none of the accepted extensions (${mediaType.default}).`);

export const foreignBytes = (extension: string, format: string) =>
  refuse(mediaType, `The name ends in .${extension}, but the bytes are those of ${format}.`);
