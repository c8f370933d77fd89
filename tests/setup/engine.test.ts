/** A private engine of this test alone, in a folder of its own: never the one that other tests share. */
import { spawn } from "node:child_process";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import Docker from "dockerode";
import { capture } from "../../scripts/setup/command.mjs";
import { pingEngine } from "../../scripts/setup/docker-http.mjs";
import { privateEnginePid, startPrivateEngine, stopPrivateEngine } from "../../scripts/setup/engine.mjs";
import { enginePaths } from "../../scripts/setup/home.mjs";
import { mountsBelow } from "../../scripts/setup/mounts.mjs";
import { ended, isAlive, kill9, until } from "../harness/processes.js";
import { type TempDir, tempDir } from "../harness/temp.js";

let folder: TempDir;
let env: NodeJS.ProcessEnv;
const paths = () => enginePaths(env);
const pid = () => privateEnginePid(env) ?? 0;
const answers = async () => (await pingEngine(paths().socket)).ok;
const ownMounts = () => mountsBelow(readFileSync("/proc/self/mountinfo", "utf8"), folder.path);

beforeAll(() => {
  folder = tempDir("engine");
  env = { ...process.env, GLOVEBOX_HOME: folder.path };
});
afterEach(() => stopPrivateEngine(env));
afterAll(() => folder.remove());

/** A container of nothing but sleep(1) and its libraries, started. */
async function sleepingContainer(docker: Docker): Promise<Docker.Container> {
  const libraries = (await capture("ldd", ["/bin/sleep"])).output.match(/\/\S+/g) ?? [];
  const tar = spawn("tar", ["--create", "--dereference", "/bin/sleep", ...libraries]);
  const progress = await docker.importImage(tar.stdout, { repo: "sleep", tag: "test" });
  await new Promise((resolve, reject) =>
    docker.modem.followProgress(progress, (cause) => (cause ? reject(cause) : resolve(undefined))),
  );
  const HostConfig = { NetworkMode: "none", Init: true };
  const container = await docker.createContainer({
    Image: "sleep:test",
    Cmd: ["/bin/sleep", "600"],
    HostConfig,
  });
  await container.start();
  return container;
}

describe("the private engine", () => {
  test("answers only its user, and has no network to give", async () => {
    await startPrivateEngine(env);
    expect(statSync(paths().socket).mode & 0o777).toBe(0o600);
    expect(statSync(paths().home).mode & 0o777).toBe(0o700);
    const networks = await new Docker({ socketPath: paths().socket }).listNetworks();
    expect(networks.map(({ Driver }) => Driver).sort()).toEqual(["host", "null"]);
  });

  test("is started once, however many ask at the same time", async () => {
    const sockets = await Promise.all([1, 2, 3].map(() => startPrivateEngine(env)));
    expect(new Set(sockets)).toEqual(new Set([paths().socket]));
    const first = pid();
    await startPrivateEngine(env);
    expect(pid()).toBe(first);
  });

  test("comes back after it was killed without warning", async () => {
    await startPrivateEngine(env);
    const killed = pid();
    await kill9(killed);
    expect([existsSync(paths().pidfile), await answers()]).toEqual([true, false]);
    await startPrivateEngine(env);
    expect([pid() !== killed, await answers()]).toEqual([true, true]);
  });

  test("ends, when it comes back, the containers of its killed self", async () => {
    await startPrivateEngine(env);
    const docker = new Docker({ socketPath: paths().socket });
    const container = await sleepingContainer(docker);
    const { Pid } = (await container.inspect()).State;
    await kill9(pid());
    expect(isAlive(Pid)).toBe(true);
    await startPrivateEngine(env);
    await until(() => !isAlive(Pid), "the container's process to end");
    expect((await container.inspect()).State.Running).toBe(false);
    await container.remove();
  });

  test("is not fooled by a pidfile whose number now is another process", async () => {
    const other = spawn("sleep", ["600"]);
    try {
      await startPrivateEngine(env);
      await kill9(pid());
      writeFileSync(paths().pidfile, String(other.pid));
      await startPrivateEngine(env);
      expect([await answers(), isAlive(other.pid ?? 0)]).toEqual([true, true]);
    } finally {
      other.kill("SIGKILL");
      await ended(other);
    }
  });

  test("says why it does not start", async () => {
    await startPrivateEngine(env);
    await stopPrivateEngine(env);
    writeFileSync(join(paths().data, "..", "not-a-folder"), "");
    const broken = { ...env, GLOVEBOX_HOME: join(folder.path, "engine", "not-a-folder") };
    await expect(startPrivateEngine(broken)).rejects.toThrow();
    const long = { ...env, GLOVEBOX_HOME: `/tmp/${"x".repeat(80)}` };
    await expect(startPrivateEngine(long)).rejects.toThrow(/too long for a unix socket/);
  });

  test("leaves nothing mounted and nothing running once stopped", async () => {
    await startPrivateEngine(env);
    const running = pid();
    await stopPrivateEngine(env);
    await until(() => !isAlive(running), "the engine's process to be gone");
    expect([await answers(), ownMounts()]).toEqual([false, []]);
  });
});

test("mounts below a folder are found deepest first, escaped names too, and no namesakes", () => {
  const line = (point: string) => `36 35 98:0 / ${point} rw - ext4 /dev/root rw`;
  const info = ["/a", "/a/b", "/ab", "/a/b/c\\040d", "/"].map(line).join("\n");
  expect(mountsBelow(info, "/a")).toEqual(["/a/b/c d", "/a/b", "/a"]);
});
