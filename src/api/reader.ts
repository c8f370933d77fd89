/**
 * A reader of the OpenAPI document: one HTML page, rendered here, without script and without anything from elsewhere.
 *
 * Rule: the style is admitted by its hash; everything that is shown is escaped.
 */
import { createHash } from "node:crypto";
import type { JsonSchema, OpenApiDocument, Operation } from "./openapi.js";
import type { Language } from "./problem.js";
import { READER_STYLE } from "./reader-style.js";

const styleHash = createHash("sha256").update(READER_STYLE).digest("base64");
export const READER_POLICY = `default-src 'none'; style-src 'sha256-${styleHash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

const WORDS = {
  en: {
    title: "HTTP API",
    lead: "Base path, tokens and errors are the same for every call:",
    token:
      "Send <code>Authorization: Bearer &lt;token&gt;</code>. Errors are <code>application/problem+json</code>.",
    roles: "Roles",
    anyone: "no token needed",
    parameters: "Parameters",
    body: "Body",
    answers: "Answers",
    schemas: "Payloads",
    required: "required",
    other: "中文",
  },
  zh: {
    title: "HTTP 接口",
    lead: "所有接口使用相同的基础路径、令牌与错误格式：",
    token:
      "请求头 <code>Authorization: Bearer &lt;令牌&gt;</code>；错误格式为 <code>application/problem+json</code>。",
    roles: "角色",
    anyone: "无需令牌",
    parameters: "参数",
    body: "请求体",
    answers: "响应",
    schemas: "数据结构",
    required: "必填",
    other: "English",
  },
} as const;
type Words = (typeof WORDS)[Language];

const ESCAPES: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};
const html = (text: unknown): string => String(text).replace(/[&<>"']/g, (c) => ESCAPES[c]!);

export function readerPage(document: OpenApiDocument, language: Language): string {
  const w = WORDS[language];
  const groups = document.tags.map((tag) => group(document, tag, language, w)).join("\n");
  const schemas = Object.entries(document.components.schemas).map(schemaSection).join("\n");
  const other = language === "zh" ? "en" : "zh";
  return `<!doctype html>
<html lang="${language === "zh" ? "zh-CN" : "en"}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Glovebox · ${w.title}</title><style>${READER_STYLE}</style></head>
<body>
<nav><h1>Glovebox <small>${html(document.info.version)}</small></h1>${menu(document, language)}
<a href="#schemas">${w.schemas}</a><a href="/openapi.json">openapi.json</a><a href="?lang=${other}">${w.other}</a></nav>
<main><header><h2>${w.title}</h2><p>${w.lead} <code>/api/v1</code>. ${w.token}</p></header>
${groups}
<section id="schemas"><h2>${w.schemas}</h2>${schemas}</section>
</main></body></html>
`;
}

type TagEntry = OpenApiDocument["tags"][number];
const tagName = (tag: TagEntry, language: Language) => (language === "zh" ? tag["x-name-zh"] : tag.name);
const anchor = (text: string) => text.replace(/[^A-Za-z0-9]+/g, "-").toLowerCase();

function menu(document: OpenApiDocument, language: Language): string {
  return document.tags
    .map((tag) => `<a href="#${anchor(tag.name)}">${html(tagName(tag, language))}</a>`)
    .join("");
}

function group(document: OpenApiDocument, tag: TagEntry, language: Language, w: Words): string {
  const calls: string[] = [];
  for (const [path, operations] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      if (operation.tags.includes(tag.name)) calls.push(call(method, path, operation, language, w));
    }
  }
  return `<section id="${anchor(tag.name)}"><h2>${html(tagName(tag, language))}</h2>${calls.join("\n")}</section>`;
}

function call(method: string, path: string, operation: Operation, language: Language, w: Words): string {
  const summary = language === "zh" ? operation["x-summary-zh"] : operation.summary;
  const shown = html(path).replace(/\{(\w+)\}/g, "<var>{$1}</var>");
  const roles = operation["x-roles"];
  return `<details id="${html(operation.operationId)}"><summary><b class="${method}">${method.toUpperCase()}</b>
<code>${shown}</code><span>${html(summary)}</span></summary>
<p class="roles">${w.roles}: ${roles.length > 0 ? roles.map(html).join(", ") : w.anyone}</p>
${parameters(operation, w)}${requestBody(operation, w)}${answers(operation, w)}</details>`;
}

function parameters(operation: Operation, w: Words): string {
  if (operation.parameters.length === 0) return "";
  const rows = operation.parameters.map((p) => {
    const marks = `${html(p.in)}${p.required ? ` · ${w.required}` : ""}`;
    return `<tr><td><code>${html(p.name)}</code></td><td>${marks}</td><td>${typeOf(p.schema as JsonSchema)}</td><td>${html(p.description ?? "")}</td></tr>`;
  });
  return `<h3>${w.parameters}</h3><table>${rows.join("")}</table>`;
}

function requestBody(operation: Operation, w: Words): string {
  if (!operation.requestBody) return "";
  const { content, description } = operation.requestBody;
  const shapes = Object.entries(content).map(
    ([media, { schema }]) => `<p><code>${html(media)}</code> ${typeOf(schema)}</p>${fields(schema)}`,
  );
  return `<h3>${w.body}</h3>${description ? `<p>${html(description)}</p>` : ""}${shapes.join("")}`;
}

function answers(operation: Operation, w: Words): string {
  const rows = Object.entries(operation.responses).map(([status, response]) => {
    const content = (response.content ?? {}) as Record<string, { schema?: JsonSchema }>;
    const shapes = Object.entries(content).map(([media, { schema }]) =>
      schema?.$ref || schema?.properties ? typeOf(schema) : html(media),
    );
    return `<tr><td><code>${status}</code></td><td>${html(response.description)}</td><td>${shapes.join(", ")}</td></tr>`;
  });
  return `<h3>${w.answers}</h3><table>${rows.join("")}</table>`;
}

function schemaSection([id, schema]: [string, JsonSchema]): string {
  const description = schema.description ? `<p>${html(schema.description)}</p>` : "";
  return `<details id="schema-${html(id)}"><summary><code>${html(id)}</code></summary>${description}${fields(schema)}</details>`;
}

function fields(schema: JsonSchema): string {
  const properties = schema.properties as Record<string, JsonSchema> | undefined;
  if (!properties || Object.keys(properties).length === 0) return "";
  const required = new Set((schema.required ?? []) as string[]);
  const rows = Object.entries(properties).map(
    ([name, field]) =>
      `<tr><td><code>${html(name)}</code>${required.has(name) ? "" : "?"}</td><td>${typeOf(field)}</td><td>${html(field.description ?? "")}</td></tr>`,
  );
  return `<table>${rows.join("")}</table>`;
}

/** A type in a few words, with a link where it has a name. */
function typeOf(schema: JsonSchema | undefined): string {
  if (!schema) return "";
  if (typeof schema.$ref === "string") {
    const id = schema.$ref.split("/").at(-1)!;
    return `<a href="#schema-${html(id)}">${html(id)}</a>`;
  }
  if (Array.isArray(schema.enum)) return schema.enum.map((v) => `<code>${html(v)}</code>`).join(" ");
  if (schema.const !== undefined) return `<code>${html(schema.const)}</code>`;
  const options = (schema.anyOf ?? schema.oneOf) as JsonSchema[] | undefined;
  if (options) return options.map(typeOf).join(" or ");
  if (schema.type === "array") return `list of ${typeOf(schema.items as JsonSchema) || "items"}`;
  if (schema.type === "object" && typeof schema.additionalProperties === "object") {
    return `map of ${typeOf(schema.additionalProperties as JsonSchema) || "values"}`;
  }
  return html(schema.type ?? "any");
}
