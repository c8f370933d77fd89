import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { createImages, findEngine, privateEngineSocket } from "../../src/sandbox/index.js";

describe("finding the engine", () => {
  const exists =
    (...paths: string[]) =>
    (path: string) =>
      paths.includes(path);
  const env = { GLOVEBOX_HOME: "/home/g" };
  const own = "/home/g/engine/docker.sock";

  test("prefers what DOCKER_HOST names, then the system's, then the private one", () => {
    const all = exists("/x.sock", "/var/run/docker.sock", own);
    expect(findEngine({ ...env, DOCKER_HOST: "unix:///x.sock" }, all)).toEqual({ socketPath: "/x.sock" });
    expect(findEngine(env, all)).toEqual({ socketPath: "/var/run/docker.sock" });
    expect(findEngine(env, exists(own))).toEqual({ socketPath: own });
    expect(findEngine(env, exists())).toBeUndefined();
  });

  test("never falls back silently from DOCKER_HOST, and never leaves the machine", () => {
    for (const DOCKER_HOST of ["unix:///gone.sock", "tcp://10.0.0.1:2375", "ssh://x"]) {
      expect(findEngine({ ...env, DOCKER_HOST }, exists(own, "/var/run/docker.sock"))).toBeUndefined();
    }
  });

  test("looks for the private one where the set-up puts it", async () => {
    const home: { engineSocket(env: NodeJS.ProcessEnv): string } = await import(
      join(import.meta.dirname, "../../scripts/setup/home.mjs")
    );
    for (const given of [
      env,
      { HOME: "/h" },
      { HOME: "/h", XDG_CACHE_HOME: "/c" },
      { HOME: "/h", XDG_CACHE_HOME: "" },
    ]) {
      expect(privateEngineSocket(given)).toBe(home.engineSocket(given));
    }
  });
});

describe("images", () => {
  test("resolve by name to an immutable id, their layers and their recipe", async () => {
    const images = createImages(findEngine()!);
    const python = await images.resolve("python");
    expect(python.reference).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(python.recipe).toMatch(/^[0-9a-f]{64}$/);
    expect(python.layers.length).toBeGreaterThan(0);
    for (const layer of python.layers) expect(layer).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(await images.resolve("python", python.recipe)).toEqual(python);
    expect((await images.list()).map(({ name }) => name)).toContain("python");
  });

  test("that are not there are the caller's mistake, with the names that are", async () => {
    const images = createImages(findEngine()!);
    await expect(images.resolve("cobol")).rejects.toMatchObject({
      code: "invalid_input",
      params: { errors: [{ path: "image" }] },
    });
    await expect(images.resolve("python", "0".repeat(64))).rejects.toMatchObject({ code: "invalid_input" });
  });

  test("of an engine that does not answer are unavailable, not missing", async () => {
    await expect(createImages({ socketPath: "/nonexistent.sock" }).resolve("python")).rejects.toMatchObject({
      code: "engine_unavailable",
    });
  });
});
