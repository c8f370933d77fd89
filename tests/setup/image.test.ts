/** What every run relies on in the image `python`, and what a failed build leaves behind. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { beforeAll, describe, expect, test } from "@jest/globals";
import Docker from "dockerode";
import { ensureImage, presentImages } from "../../scripts/setup/images.mjs";
import { readRecipe } from "../../scripts/setup/recipe.mjs";
import { type SharedEngine, sharedEngine } from "../harness/engine.js";
import { tempDir } from "../harness/temp.js";

let engine: SharedEngine;
let docker: Docker;
beforeAll(async () => {
  engine = await sharedEngine();
  docker = new Docker({ socketPath: engine.socketPath });
});

/** Runs a command in the image under the conditions of a run. */
async function run(...command: string[]): Promise<{ code: number; output: string }> {
  let output = "";
  const sink = new PassThrough().setEncoding("utf8").on("data", (text) => {
    output += text;
  });
  const HostConfig = {
    NetworkMode: "none",
    ReadonlyRootfs: true,
    CapDrop: ["ALL"],
    SecurityOpt: ["no-new-privileges"],
    Tmpfs: { "/tmp": "size=64m,noexec" },
    AutoRemove: true,
  };
  const [result] = await docker.run(engine.python, command, sink, { Tty: true, HostConfig });
  return { code: result.StatusCode, output: output.trim() };
}

describe("the image python", () => {
  test("imports its packages and draws, without network and on a read-only root", async () => {
    const program = `
import numpy, pandas, scipy, statsmodels.api, statsmodels.formula.api, sklearn.linear_model
import matplotlib.pyplot as plt
plt.plot([1, 2]); plt.title("t"); plt.savefig("/tmp/x.png")
print(open("/tmp/x.png", "rb").read(4)[1:].decode())`;
    expect(await run("python3", "-W", "error::UserWarning", "-c", program)).toEqual({
      code: 0,
      output: "PNG",
    });
  });

  test("does not search the fonts at each start: the list is in the image", async () => {
    const program = `
import matplotlib.font_manager as f, time
start = time.perf_counter(); f._load_fontmanager(); print(time.perf_counter() - start < 0.2, len(f.fontManager.ttflist) > 20)`;
    expect((await run("python3", "-c", program)).output).toBe("True True");
  });

  test("compiles no module at start: each has its compiled form, trusted as it is", async () => {
    const program = `
import sys, importlib.util, pandas, statsmodels.api, matplotlib.pyplot, glovebox
stale = [m.__name__ for m in list(sys.modules.values()) if getattr(m, "__cached__", None)
  and m.__cached__.startswith("/usr") and open(m.__cached__, "rb").read(8)[4:] != bytes([1, 0, 0, 0])]
print(stale, len(sys.modules) > 500)`;
    expect((await run("python3", "-c", program)).output).toBe("[] True");
  });

  test("runs as nobody, and has no program that would give more", async () => {
    expect((await run("id", "-u")).output).toBe("65534");
    expect((await run("find", "/", "-xdev", "-type", "f", "-perm", "/6000")).output).not.toMatch(
      /^\/(usr|bin|sbin)/m,
    );
  });

  test("has the mount points of a run, UTF-8, no trace of the machine that built it, and its package list", async () => {
    const words =
      "stat -c %F /data /work /out /tmp; python3 -c 'import sys; print(sys.getfilesystemencoding())'";
    const list = "grep -c . /usr/share/glovebox/packages.tsv; cat /etc/machine-id 2>/dev/null | wc -c";
    const { output } = await run("sh", "-c", `${words}; ${list}`);
    const lines = output.split(/\r?\n/);
    expect(lines.slice(0, 5)).toEqual([...Array(4).fill("directory"), "utf-8"]);
    expect(Number(lines[5])).toBeGreaterThan(100);
    expect(lines[6]).toBe("0");
  });
});

test("a layer that fails says why, and leaves neither an image nor a container", async () => {
  const folder = tempDir("layer");
  mkdirSync(join(folder.path, "layer"));
  writeFileSync(join(folder.path, "layer", "a"), "");
  writeFileSync(join(folder.path, "layer.sh"), "echo this cannot be; exit 3\n");
  const recipe = {
    ...readRecipe("python"),
    image: "broken",
    folder: folder.path,
    digest: "1".repeat(64),
    reference: "glovebox/broken:test",
  };
  await expect(ensureImage(engine.socketPath, recipe)).rejects.toMatchObject({
    message: expect.stringContaining("layer.sh"),
    output: expect.stringContaining("this cannot be"),
  });
  folder.remove();
  expect((await presentImages(engine.socketPath)).filter(({ image }) => image === "broken")).toEqual([]);
});

test("a build that fails says why and leaves no image", async () => {
  const recipe = {
    ...readRecipe("python"),
    image: "broken",
    suite: "no-such-suite",
    base: "0".repeat(64),
    digest: "0".repeat(64),
  };
  await expect(ensureImage(engine.socketPath, recipe)).rejects.toMatchObject({
    message: expect.stringContaining("mmdebstrap"),
    output: expect.stringContaining("no-such-suite"),
  });
  expect((await presentImages(engine.socketPath)).filter(({ image }) => image === "broken")).toEqual([]);
});
