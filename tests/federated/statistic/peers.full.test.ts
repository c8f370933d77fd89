/** The committed answers of numpy are what numpy says. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { packageRoot } from "../../../src/store/index.js";
import { askNumpy } from "./peers.js";

test("numpy says of the pooled data what the vectors hold", async () => {
  const held = readFileSync(join(packageRoot(), "tests/vectors/federated/moments.json"), "utf8");
  expect(JSON.parse(await askNumpy()).cases).toEqual(JSON.parse(held).cases);
}, 120_000);
