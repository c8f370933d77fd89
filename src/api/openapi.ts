/**
 * The OpenAPI 3.1 document, generated from the routes and their zod schemas; nothing in it is written twice.
 *
 * Rule: schemas with an id become components; the same id always means the same schema.
 */
import { z } from "zod";
import { ERRORS, type ErrorCode } from "../vocabulary/index.js";
import { PERMISSIONS } from "./permissions.js";
import { problemSchema } from "./problem.js";
import { type ResponseSpec, type Route, TAGS, TAGS_ZH, type Tag } from "./route.js";

export interface JsonSchema {
  [key: string]: unknown;
}
export interface Operation {
  operationId: string;
  tags: string[];
  summary: string;
  "x-summary-zh": string;
  "x-permission": string;
  "x-roles": readonly string[];
  security: Record<string, string[]>[];
  parameters: JsonSchema[];
  requestBody?: { required: true; content: Record<string, { schema: JsonSchema }>; description?: string };
  responses: Record<string, JsonSchema>;
}
export interface OpenApiDocument {
  openapi: "3.1.0";
  info: JsonSchema;
  servers: { url: string }[];
  tags: { name: string; "x-name-zh": string }[];
  paths: Record<string, Record<string, Operation>>;
  components: {
    schemas: Record<string, JsonSchema>;
    responses: Record<string, JsonSchema>;
    securitySchemes: JsonSchema;
  };
}

/** What any call with a token may answer, besides its own. */
const COMMON_ERRORS: readonly ErrorCode[] = ["unauthenticated", "forbidden", "rate_limited", "internal"];

export function openApi(routes: readonly Route[], version: string): OpenApiDocument {
  const components: Record<string, JsonSchema> = {};
  const paths: Record<string, Record<string, Operation>> = {};
  const problem = schemaOf(problemSchema, "output", components);
  for (const route of routes) {
    const path = `${route.root ? "" : "/api/v1"}${route.path}`;
    const operations = paths[path] ?? {};
    operations[route.method] = operationOf(route, components);
    paths[path] = operations;
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Glovebox",
      version,
      summary: "Work on data that never leaves its domain",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/" }],
    tags: (Object.keys(TAGS) as Tag[]).map((tag) => ({ name: TAGS[tag], "x-name-zh": TAGS_ZH[tag] })),
    paths,
    components: {
      schemas: sorted(components),
      responses: problemResponses(problem),
      securitySchemes: { token: { type: "http", scheme: "bearer" } },
    },
  };
}

function operationOf(route: Route, components: Record<string, JsonSchema>): Operation {
  const open = route.permission === "public";
  return {
    operationId: route.name,
    tags: [TAGS[route.tag]],
    summary: route.summary,
    "x-summary-zh": route.summary_zh,
    "x-permission": route.permission,
    "x-roles": route.permission === "public" ? [] : PERMISSIONS[route.permission].roles,
    security: open ? [] : [{ token: [] }],
    parameters: parametersOf(route, components),
    ...requestOf(route, components),
    responses: responsesOf(route, components),
  };
}

function parametersOf(route: Route, components: Record<string, JsonSchema>): JsonSchema[] {
  return [
    ...(route.params ? fieldsOf(route.params, "path", components) : []),
    ...(route.query ? fieldsOf(route.query, "query", components) : []),
    ...Object.entries(route.headers ?? {}).map(([name, spec]) =>
      header(name, spec.description, spec.required),
    ),
    ...(route.idempotent ? [header("Idempotency-Key", "The same key and body give the same answer")] : []),
    ...(route.conditional
      ? [header("If-Match", "The ETag of what was read; answers `stale` if it moved on")]
      : []),
  ];
}

const header = (name: string, description: string, required = false): JsonSchema => ({
  name,
  in: "header",
  required,
  description,
  schema: { type: "string" },
});

function fieldsOf(
  schema: z.ZodType,
  place: "path" | "query",
  components: Record<string, JsonSchema>,
): JsonSchema[] {
  const whole = schemaOf(schema, "input", components);
  const properties = (whole.properties ?? {}) as Record<string, JsonSchema>;
  const required = (whole.required ?? []) as string[];
  return Object.entries(properties).map(([name, { description, ...rest }]) => ({
    name,
    in: place,
    required: place === "path" || required.includes(name),
    ...(description === undefined ? {} : { description }),
    schema: rest,
  }));
}

function requestOf(route: Route, components: Record<string, JsonSchema>): Pick<Operation, "requestBody"> {
  if (route.streamed) {
    const content = Object.fromEntries(
      route.streamed.media.map((media) => [media, { schema: { type: "string", format: "binary" } }]),
    );
    return { requestBody: { required: true, description: route.streamed.description, content } };
  }
  if (!route.body) return {};
  const schema = schemaOf(route.body, "input", components);
  return { requestBody: { required: true, content: { "application/json": { schema } } } };
}

function responsesOf(route: Route, components: Record<string, JsonSchema>): Record<string, JsonSchema> {
  const out: Record<string, JsonSchema> = {};
  for (const [status, spec] of Object.entries(route.responses)) {
    out[status] = { description: spec.description, ...contentOf(spec, components) };
  }
  const codes = new Set<ErrorCode>(route.errors ?? []);
  if (route.permission !== "public") for (const code of COMMON_ERRORS) codes.add(code);
  if (route.params || route.query || route.body || route.streamed) codes.add("invalid_input");
  if (route.body) codes.add("too_large");
  if (route.idempotent) codes.add("idempotency_conflict");
  for (const [status, list] of byStatus(codes)) {
    out[status] ??= { description: list.join(", "), "x-codes": list, content: problemContent() };
  }
  return out;
}

function byStatus(codes: Iterable<ErrorCode>): Map<string, ErrorCode[]> {
  const out = new Map<string, ErrorCode[]>();
  for (const code of [...codes].sort()) {
    const status = String(ERRORS[code].status);
    out.set(status, [...(out.get(status) ?? []), code]);
  }
  return out;
}

const problemContent = () => ({
  "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } },
});

function contentOf(spec: ResponseSpec, components: Record<string, JsonSchema>): JsonSchema {
  const binary = { schema: { type: "string", format: "binary" } };
  const bytes = Object.fromEntries((spec.media ?? spec.also ?? []).map((media) => [media, binary]));
  if (spec.media) return { content: bytes };
  if (!spec.schema) return {};
  const schema = schemaOf(spec.schema, "output", components);
  return { content: { "application/json": { schema }, ...bytes } };
}

/** One reusable answer a code: what it means and what to do next. */
function problemResponses(schema: JsonSchema): Record<string, JsonSchema> {
  return Object.fromEntries(
    Object.entries(ERRORS).map(([code, rule]) => [
      code,
      {
        description: `${rule.title}. ${rule.next}`,
        "x-title-zh": rule.title_zh,
        "x-status": rule.status,
        "x-retryable": rule.retryable,
        content: { "application/problem+json": { schema } },
      },
    ]),
  );
}

/** JSON Schema of a zod schema; what has an id goes to `components` and is referred to. */
function schemaOf(
  schema: z.ZodType,
  io: "input" | "output",
  components: Record<string, JsonSchema>,
): JsonSchema {
  const made = z.toJSONSchema(schema, { io, target: "draft-2020-12", unrepresentable: "any" }) as JsonSchema;
  const { $schema: _dialect, $defs, ...whole } = made;
  for (const [id, definition] of Object.entries(($defs ?? {}) as Record<string, JsonSchema>)) {
    const schemaOfId = pointed(definition) as JsonSchema;
    const known = components[id];
    if (known && JSON.stringify(known) !== JSON.stringify(schemaOfId)) {
      throw new Error(`the schema id ${id} means two things`);
    }
    components[id] = schemaOfId;
  }
  return pointed(whole) as JsonSchema;
}

/** Moves references from the schema's own definitions to the document's components. */
function pointed(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(pointed);
  if (typeof node !== "object" || node === null) return node;
  const out: JsonSchema = {};
  for (const [key, value] of Object.entries(node)) {
    out[key] =
      key === "$ref" && typeof value === "string"
        ? value.replace("#/$defs/", "#/components/schemas/")
        : pointed(value);
  }
  return out;
}

const sorted = (schemas: Record<string, JsonSchema>): Record<string, JsonSchema> =>
  Object.fromEntries(Object.entries(schemas).sort(([a], [b]) => (a < b ? -1 : 1)));
