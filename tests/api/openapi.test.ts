/** The description and the code say the same, both ways; what is generated is committed as it is generated. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { packageRoot } from "../../scripts/setup/home.mjs";
import { apiDocument, apiReferences, PERMISSIONS, ROUTES } from "../../src/api/index.js";
import { RouteTable, templateOf } from "../../src/api/route-table.js";
import { ERRORS } from "../../src/vocabulary/index.js";

const document = apiDocument();
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
);

function* nodes(value: unknown): Generator<Record<string, unknown>> {
  if (Array.isArray(value)) for (const item of value) yield* nodes(item);
  else if (typeof value === "object" && value !== null) {
    yield value as Record<string, unknown>;
    for (const item of Object.values(value)) yield* nodes(item);
  }
}

describe("openapi.json", () => {
  test("describes every route, and no other", () => {
    const described = operations.map(({ path, method }) => `${method} ${path}`).sort();
    const served = ROUTES.map((route) => `${route.method} ${templateOf(route)}`).sort();
    expect(described).toEqual(served);
    expect(new Set(described).size).toBe(described.length);
  });

  test("resolves every reference, and defines nothing that is not referred to", () => {
    const defined = new Set(Object.keys(document.components.schemas));
    const used = new Set<string>();
    for (const node of nodes(document)) {
      if (typeof node.$ref !== "string") continue;
      expect(node.$ref).toMatch(/^#\/components\/schemas\//);
      used.add(node.$ref.split("/").at(-1)!);
    }
    expect([...used].filter((name) => !defined.has(name))).toEqual([]);
    expect([...defined].filter((name) => !used.has(name))).toEqual([]);
  });

  test("declares each path parameter of each path, required", () => {
    for (const { path, operation } of operations) {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map((m) => m[1]!).sort();
      const declared = operation.parameters.filter((p) => p.in === "path");
      expect([path, declared.map((p) => p.name).sort()]).toEqual([path, inPath]);
      expect(declared.every((p) => p.required === true)).toBe(true);
    }
  });

  test("says of every operation who may, in two languages, under a name of its own", () => {
    const names = operations.map(({ operation }) => operation.operationId);
    expect(new Set(names).size).toBe(names.length);
    for (const { operation } of operations) {
      expect(operation.summary.length).toBeGreaterThan(3);
      expect(operation["x-summary-zh"]).toMatch(/\p{Script=Han}/u);
      const open = operation["x-permission"] === "public";
      expect(open || Object.hasOwn(PERMISSIONS, operation["x-permission"])).toBe(true);
      expect(operation.security).toEqual(open ? [] : [{ token: [] }]);
    }
  });

  test("accepts no unknown member in any body", () => {
    const loose: string[] = [];
    for (const { path, operation } of operations) {
      for (const node of nodes(operation.requestBody ?? {})) {
        if (node.type === "object" && node.properties && node.additionalProperties !== false)
          loose.push(path);
      }
    }
    expect(loose).toEqual([]);
  });

  test("knows each error code, and only those of the registry", () => {
    expect(Object.keys(document.components.responses).sort()).toEqual(Object.keys(ERRORS).sort());
    const problem = document.components.schemas.Problem as { properties: { code: { enum: string[] } } };
    expect(problem.properties.code.enum.sort()).toEqual(Object.keys(ERRORS).sort());
    for (const { operation } of operations) {
      for (const [status, response] of Object.entries(operation.responses)) {
        for (const code of (response["x-codes"] ?? []) as (keyof typeof ERRORS)[]) {
          expect(String(ERRORS[code].status)).toBe(status);
        }
      }
    }
  });
});

describe("what is generated", () => {
  test.each(Object.entries(apiReferences()))(
    "%s is committed as the code has it (npm run docs)",
    (path, content) => {
      expect(readFileSync(join(packageRoot, path), "utf8")).toBe(content);
    },
  );

  test("the page of errors has a row for each code of the registry, and no other", () => {
    const page = readFileSync(join(packageRoot, "docs/reference/errors.md"), "utf8");
    const rows = [...page.matchAll(/^\| `(\w+)` \|/gm)].map((m) => m[1]!);
    expect(rows.sort()).toEqual(Object.keys(ERRORS).sort());
  });
});

describe("the route table", () => {
  const table = new RouteTable<string>();
  table.add("GET", "/a/{x}", "parameter");
  table.add("GET", "/a/literal", "literal");
  table.add("POST", "/a/{x}/do", "do");

  test.each<[string, string, string | undefined, object | undefined]>([
    ["GET", "/a/one", "parameter", { x: "one" }],
    ["HEAD", "/a/one", "parameter", { x: "one" }],
    ["GET", "/a/literal", "literal", {}],
    ["POST", "/a/two%2Fthree/do", "do", { x: "two/three" }],
    ["GET", "/a/%E4%B8%AD", "parameter", { x: "中" }],
    ["DELETE", "/a/one", undefined, undefined],
    ["GET", "/a/", undefined, undefined],
    ["GET", "/a//do", undefined, undefined],
    ["GET", "/a/one/", undefined, undefined],
    ["GET", "/A/one", undefined, undefined],
    ["GET", "/", undefined, undefined],
    ["GET", "/__proto__", undefined, undefined],
  ])("%s %s means %s", (method, path, value, params) => {
    const found = table.find(method, path);
    expect(found?.value).toBe(value);
    expect(found && { ...found.params }).toEqual(params);
  });
});
