import { expect, test } from "@jest/globals";
import { z } from "zod";
import {
  approveInput,
  assessInput,
  budgetView,
  contentInfo,
  datasetInput,
  datasetPatch,
  datasetView,
  grantInput,
  grantView,
  keyInput,
  principalCreated,
  principalInput,
  principalView,
  versionView,
} from "../../src/catalog/index.js";

const INPUTS = {
  principalInput,
  keyInput,
  datasetInput,
  datasetPatch,
  assessInput,
  grantInput,
  approveInput,
};
const VIEWS = {
  principalView,
  principalCreated,
  datasetView,
  contentInfo,
  versionView,
  grantView,
  budgetView,
};

interface Property {
  description?: string;
  enum?: unknown[];
  $ref?: string;
}

/** Every property, however deep, of a JSON schema. */
function properties(schema: unknown, path: string): [path: string, property: Property][] {
  if (typeof schema !== "object" || schema === null) return [];
  const { properties: own = {}, ...rest } = schema as { properties?: Record<string, Property> };
  return [
    ...Object.entries(own).flatMap(([name, property]): [string, Property][] => [
      [`${path}.${name}`, property],
      ...properties(property, `${path}.${name}`),
    ]),
    ...Object.values(rest).flatMap((value) => properties(value, path)),
  ];
}

test.each(Object.entries(INPUTS))("every field of %s says what it is, or lists its words", (name, schema) => {
  const json = z.toJSONSchema(schema, { io: "input" });
  const bare = properties(json, name).filter(([, p]) => !p.description && !p.enum && !p.$ref);
  expect(bare.map(([path]) => path)).toEqual([]);
});

test.each(Object.entries(VIEWS))("%s is a closed JSON schema", (_, schema) => {
  const objects = JSON.stringify(z.toJSONSchema(schema, { io: "output" }));
  expect(objects.match(/"properties":/g)?.length).toBe(
    objects.match(/"additionalProperties":false/g)?.length,
  );
});
