import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import {
  imageNames,
  importChanges,
  mmdebstrapArgs,
  packageChanges,
  parsePackageList,
  parsePackages,
  RECIPES,
  readRecipe,
  versionsOf,
} from "../../scripts/setup/recipe.mjs";
import { type TempDir, tempDir } from "../harness/temp.js";

let folder: TempDir;
beforeEach(() => {
  folder = tempDir("recipe");
});
afterEach(() => folder.remove());

describe("a recipe", () => {
  test("is every folder with a recipe.json", () => {
    mkdirSync(join(folder.path, "notes"));
    cpSync(join(RECIPES, "python"), join(folder.path, "python"), { recursive: true });
    expect(imageNames(folder.path)).toEqual(["python"]);
  });

  test("has the same digest in every checkout, and another once anything in it changes", () => {
    const here = readRecipe("python");
    cpSync(join(RECIPES, "python"), join(folder.path, "python"), { recursive: true });
    expect(readRecipe("python", folder.path).digest).toBe(here.digest);
    writeFileSync(join(folder.path, "python", "packages.txt"), "python3\n");
    const changed = readRecipe("python", folder.path);
    expect(changed.digest).not.toBe(here.digest);
    expect(changed.reference).toBe(`glovebox/python:${changed.digest.slice(0, 12)}`);
  });

  test("with another layer is another image on the same base", () => {
    const here = readRecipe("python");
    expect(here.base).not.toBe(here.digest);
    cpSync(join(RECIPES, "python"), join(folder.path, "python"), { recursive: true });
    writeFileSync(join(folder.path, "python", "layer", "more"), "");
    const changed = readRecipe("python", folder.path);
    expect(changed.base).toBe(here.base);
    expect(changed.digest).not.toBe(here.digest);
  });

  test("lists packages with comments and blank lines", () => {
    expect(parsePackages("# all\npython3\n\n python3-numpy # arrays\n")).toEqual([
      "python3",
      "python3-numpy",
    ]);
  });

  test("becomes an image that says what it is, and runs as nobody", () => {
    const recipe = readRecipe("python");
    const changes = importChanges(recipe, "abc");
    expect(changes).toEqual(
      expect.arrayContaining([
        "LABEL glovebox.image=python",
        `LABEL glovebox.recipe=${recipe.digest}`,
        "LABEL glovebox.packages=abc",
        "USER 65534:65534",
        'ENV LANG="C.UTF-8"',
      ]),
    );
  });

  test("a folder name with a quote or a space in it stays one word of a hook", () => {
    const recipe = { ...readRecipe("python"), folder: join(folder.path, "it's a recipe") };
    mkdirSync(join(recipe.folder, "files"), { recursive: true });
    const hooks = mmdebstrapArgs(recipe, "/list").filter((word) => word.startsWith("--customize-hook="));
    const printed = hooks.map((hook) => {
      const text = hook.slice("--customize-hook=".length).replace(/^(cp|sh) /, "printf '%s\\n' ");
      return spawnSync("sh", ["-c", text, "sh", "/root-of-image"], { encoding: "utf8" }).stdout;
    });
    expect(printed[0]).toContain(`${recipe.folder}/files/.\n/root-of-image`);
    expect(printed[2]).toBe(`${recipe.folder}/finish.sh\n/root-of-image\n`);
  });

  test("tells which packages changed between two lists, and the versions of those that it names", () => {
    const before = { bash: "5.2", "libc6:amd64": "2.36-9", gone: "1" };
    const now = { bash: "5.2", "libc6:amd64": "2.36-10", come: "2" };
    expect(packageChanges(before, before)).toEqual([]);
    expect(packageChanges(before, now)).toEqual([
      "come (none) → 2",
      "gone 1 → (none)",
      "libc6:amd64 2.36-9 → 2.36-10",
    ]);
    expect(versionsOf(["libc6", "bash", "absent"], now)).toEqual({ bash: "5.2", libc6: "2.36-10" });
  });

  test("the package list of dpkg-query is read as names and versions", () => {
    expect(parsePackageList("bash\t5.2\nlibc6:amd64\t2.36-9\n")).toEqual({
      bash: "5.2",
      "libc6:amd64": "2.36-9",
    });
  });
});
