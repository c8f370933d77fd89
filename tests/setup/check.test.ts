import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { CHECKS } from "../../scripts/setup/checks.mjs";
import { canInstall, isDebian } from "../../scripts/setup/debian.mjs";
import { chooseEngine } from "../../scripts/setup/engine.mjs";
import { packageRoot } from "../../scripts/setup/home.mjs";
import { type ImageFacts, imageFacts } from "../../scripts/setup/images.mjs";
import { missingPackages } from "../../scripts/setup/mend.mjs";
import { readRecipe } from "../../scripts/setup/recipe.mjs";
import { createImages } from "../../src/sandbox/index.js";
import { sharedEngine } from "../harness/index.js";

interface Report {
  ok: boolean;
  seconds: number;
  images: (ImageFacts & { named: Record<string, string> })[];
  checks: { name: string; ok: boolean; needed: boolean; detail: string; fix?: string; without?: string }[];
}

function setup(args: string[], env: NodeJS.ProcessEnv = {}) {
  const done = spawnSync(process.execPath, [join(packageRoot, "scripts", "setup.mjs"), ...args], {
    env: { ...process.env, ...env },
    encoding: "utf8",
  });
  return { code: done.status, stdout: done.stdout, stderr: done.stderr };
}

function report(args: string[], env: NodeJS.ProcessEnv = {}) {
  const { code, stdout } = setup([...args, "--json"], env);
  return { code, report: JSON.parse(stdout) as Report };
}

/** What a mend would touch. */
const traces = () =>
  ["node_modules/.package-lock.json", "dist/.stamp"].map((path) => {
    const file = join(packageRoot, path);
    return existsSync(file) ? statSync(file).mtimeMs : 0;
  });

describe("setup --check", () => {
  test("names every check once, says what was found, and is quick", () => {
    const { report: said } = report(["--check"]);
    expect(said.checks.map(({ name }) => name)).toEqual(CHECKS.map(({ name }) => name));
    expect(said.checks.every(({ detail }) => detail.length > 0)).toBe(true);
    expect(said.seconds).toBeLessThan(1);
  });

  test("says what is in each image that is built: its layer, and all its packages with their versions", async () => {
    const { socketPath } = await sharedEngine();
    const { report: said } = report(["--check"]);
    const python = said.images.find(({ image }) => image === "python")!;
    expect(python.packages.python3).toMatch(/^3\.11/);
    expect(Object.keys(python.packages).length).toBeGreaterThan(Object.keys(python.named).length);
    expect(Object.keys(python.named).sort()).toEqual(readRecipe("python").packages.sort());
    // As the image itself says, where nothing was written down beside the engine.
    const facts = await imageFacts(socketPath, readRecipe("python"), { HOME: "/nonexistent" });
    expect({ ...facts, named: python.named }).toEqual(python);
    const { layers } = await createImages({ socketPath }).resolve("python", python.recipe);
    expect(python.layers).toEqual(layers);
  });

  test("every check that fails says what to do and what does not work without it", () => {
    const { code, report: said } = report(["--check"], {
      PATH: "/nowhere",
      DOCKER_HOST: "unix:///nowhere/docker.sock",
    });
    const failed = said.checks.filter(({ ok }) => !ok);
    expect(failed.map(({ name }) => name)).toEqual(expect.arrayContaining(["docker", "images"]));
    for (const { fix, without } of failed)
      expect([fix, without]).toEqual([expect.any(String), expect.any(String)]);
    expect(code).toBe(1);
  });

  test("changes nothing, whatever is missing", () => {
    const before = traces();
    setup(["--check"], { DOCKER_HOST: "unix:///nowhere/docker.sock", PATH: "/nowhere" });
    expect(traces()).toEqual(before);
  });

  test("the exit code is of what the caller needs, not of the rest", () => {
    const without = { DOCKER_HOST: "unix:///nowhere/docker.sock" };
    expect(report(["--check", "--need", "node,redis"], without).code).toBe(0);
    expect(report(["--check", "--need", "node,docker"], without).code).toBe(1);
  });

  test("a person reads which thing is missing, how to get it, and what fails without", () => {
    const { stderr, stdout } = setup(["--check"], { DOCKER_HOST: "tcp://192.0.2.1:2375" });
    expect(stdout).toBe("");
    expect(stderr).toMatch(/MISSING docker +DOCKER_HOST must be a unix:\/\/ socket/);
    expect(stderr).toMatch(/without it: sandbox jobs are refused/);
  });

  test.each([["--bad"], ["--need=redis,quantum"]])("%s is a usage error and says so", (flag) => {
    const { code, stderr } = setup([flag]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/--bad|quantum/);
  });
});

describe("which engine", () => {
  test("DOCKER_HOST goes before the default socket, and that before the private engine", () => {
    const env = { HOME: "/h" };
    const there = () => true;
    const absent = () => false;
    expect(chooseEngine({ ...env, DOCKER_HOST: "unix:///a.sock" }, there)).toEqual({
      socketPath: "/a.sock",
      source: "DOCKER_HOST",
    });
    expect(chooseEngine(env, there)).toEqual({ socketPath: "/var/run/docker.sock", source: "system" });
    expect(chooseEngine(env, absent)).toEqual({
      socketPath: "/h/.cache/glovebox/engine/docker.sock",
      source: "private",
    });
  });

  test("the private engine lies in GLOVEBOX_HOME, else in the user's cache", () => {
    const absent = () => false;
    const socket = (env: NodeJS.ProcessEnv) => chooseEngine(env, absent);
    expect(socket({ GLOVEBOX_HOME: "/g", XDG_CACHE_HOME: "/x" })).toMatchObject({
      socketPath: "/g/engine/docker.sock",
    });
    expect(socket({ XDG_CACHE_HOME: "/x" })).toMatchObject({ socketPath: "/x/glovebox/engine/docker.sock" });
  });
});

describe("Debian packages", () => {
  test.each([
    ["ID=debian", true],
    ["ID=ubuntu\nID_LIKE=debian", true],
    ['ID=linuxmint\nID_LIKE="ubuntu debian"', true],
    ['ID="fedora"\nVARIANT_ID=debian-like', false],
    ["", false],
  ])("%j: Debian is %s", (text, expected) => expect(isDebian(text)).toBe(expected));

  test("nothing is installed by another user than root, nor elsewhere than on Debian", () => {
    expect(canInstall(1000, "ID=debian")).toEqual({ can: false, why: "this is not root" });
    expect(canInstall(0, "ID=fedora")).toEqual({ can: false, why: "this is not Debian or Ubuntu" });
  });

  test("only what failing checks need is asked for, with what they stand on", () => {
    const found = new Map([
      ["redis", { ok: false, detail: "", packages: ["redis-server"] }],
      ["docker", { ok: false, detail: "", packages: ["docker.io", "iptables"] }],
      ["mmdebstrap", { ok: false, detail: "", packages: ["mmdebstrap"] }],
      ["compiler", { ok: true, detail: "", packages: ["g++"] }],
    ]);
    expect(missingPackages(found, new Set(["redis"]))).toEqual(["redis-server"]);
    expect(missingPackages(found, new Set(["images"]))).toEqual(["docker.io", "iptables", "mmdebstrap"]);
    expect(missingPackages(found, new Set(["dependencies"]))).toEqual([]);
  });
});

test("the set-up runs before anything is installed: it imports Node's standard library and itself only", () => {
  const seen = new Set([join(packageRoot, "scripts", "setup.mjs")]);
  for (const file of seen) {
    for (const [, specifier = ""] of readFileSync(file, "utf8").matchAll(
      /^(?:import|export)[^;]* from "([^"]+)"/gm,
    )) {
      if (specifier.startsWith(".")) seen.add(join(file, "..", specifier));
      else expect(specifier).toMatch(/^node:/);
    }
  }
  expect(seen.size).toBeGreaterThan(8);
});
