/** Level `userns`: the contract of every level, the hostile programs, and what it adds to a container. */
import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import Docker from "dockerode";
import { remappedEngineSocket } from "../../../src/sandbox/engine.js";
import { createImages, findEngine, NOBODY } from "../../../src/sandbox/index.js";
import { usernsKind } from "../../../src/sandbox/levels/userns.js";
import { readIdMap } from "../../../src/sandbox/userns/ids.js";
import { hostile } from "../../promises/sandbox/suite.js";
import { conformance } from "../conformance.js";
import { type Bench, stage } from "../harness.js";
import { levelBench } from "./bench.js";

conformance("userns", levelBench(usernsKind));
hostile("userns", levelBench(usernsKind), { which: "all" });

describe("what userns adds to a container", () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await levelBench(usernsKind)();
  });
  afterAll(() => bench.close());

  test("a run's user has one name inside and another outside, which nobody else on the machine has", async () => {
    const users = new Set<number>();
    const map = readIdMap()!;
    for (let run = 0; run < 3; run++) {
      const { spec, wipe } = await stage(bench, {
        files: { "main.py": "import os\nopen('/out/who', 'w').write(str(os.getuid()))\n" },
        outputs: ["who"],
      });
      const prepared = await bench.executor.prepare(spec);
      await bench.executor.start(prepared);
      await bench.executor.wait(prepared);
      const out = join(
        bench.staging.path,
        (await readdir(bench.staging.path)).find((n) => n.startsWith("run-"))!,
      );
      const { uid, gid } = await stat(join(out, "disk", "out", "who"));
      const inside = Number(await readFile(join(out, "disk", "out", "who"), "utf8"));
      expect([uid, gid]).toEqual([map.user + inside, map.group + NOBODY]);
      users.add(uid);
      await bench.executor.remove(prepared);
      await wipe();
    }
    expect(users.size).toBe(3);
  });

  /** What no run is: root, with what the engine gives by default. Same command under either engine. */
  async function asRoot(socketPath: string, image: string, folder: string, command: string): Promise<string> {
    const docker = new Docker({ socketPath });
    const container = await docker.createContainer({
      Image: image,
      User: "0:0",
      Cmd: ["sh", "-c", command],
      Tty: true,
      HostConfig: { NetworkMode: "none", Binds: [`${folder}:/host`], CapAdd: ["SYS_ADMIN"] },
    });
    try {
      const stream = await container.attach({ stream: true, stdout: true, stderr: true });
      await container.start();
      const said = await text(stream);
      await container.wait();
      return said.trim();
    } finally {
      await container.remove({ force: true });
    }
  }

  test("root inside is nobody outside: with the same command, an engine's root reads and makes what this one's cannot", async () => {
    const folder = mkdtempSync(join(tmpdir(), "glovebox-root-"));
    chmodSync(folder, 0o711);
    writeFileSync(join(folder, "secret"), "for root alone", { mode: 0o600 });
    const command = "cat /host/secret; mknod /host/disk b 7 0 && echo made;";
    try {
      const first = findEngine()!.socketPath;
      const plain = (await createImages({ socketPath: first }).resolve("python")).reference;
      const weak = await asRoot(first, plain, folder, command);
      expect(weak).toContain("for root alone");
      expect(weak).toContain("made");
      rmSync(join(folder, "disk"));
      const strong = await asRoot(remappedEngineSocket(), bench.image.reference, folder, command);
      expect(strong).toContain("Permission denied");
      expect(strong).not.toContain("for root alone");
      expect(strong).not.toContain("made");
      expect(readdirSync(folder)).toEqual(["secret"]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test("both engines hold the same image to the byte", async () => {
    const { layers } = await createImages(findEngine()!).resolve("python");
    expect(bench.image.layers).toEqual(layers);
  });
});
