import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { openStaging } from "../../src/sandbox/index.js";
import { mountArguments, mountsUnder } from "../../src/sandbox/mounts.js";
import { ownerAlive, ownerTag } from "../../src/sandbox/owner.js";
import { packageRoot } from "../../src/store/index.js";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "glovebox-staging-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

describe("staging", () => {
  test("is memory that does not swap, closed to others, bounded, without programs or devices", async () => {
    const staging = openStaging(root, { bytes: 4 << 20 });
    const line = readFileSync("/proc/self/mountinfo", "utf8")
      .split("\n")
      .find((l) => l.includes(` ${staging.path} `));
    expect(line).toContain("nosuid,nodev,noexec");
    expect(line).toContain("size=4096k");
    if (staging.kind === "tmpfs-noswap") expect(line).toContain("noswap");
    expect(statSync(staging.path).mode & 0o777).toBe(0o700);
    expect(statSync(root).mode & 0o777).toBe(0o700);
    await staging.close();
    expect(mountsUnder(root)).toEqual([]);
    expect(readdirSync(root)).toEqual([]);
  });

  test("a folder is wiped with all it holds, twice, and belongs to nobody", async () => {
    const staging = openStaging(root);
    const dir = await staging.dir("view");
    expect(statSync(dir.path)).toMatchObject({ uid: 65534, gid: 65534 });
    writeFileSync(join(dir.path, "rows.csv"), "secret");
    await dir.wipe();
    await dir.wipe();
    expect(readdirSync(staging.path)).toEqual([]);
    await expect(staging.dir("../x")).rejects.toThrow("plain word");
    await staging.close();
    await expect(staging.dir("late")).rejects.toMatchObject({ code: "ENOENT" });
  });

  test("what a killed process left is unmounted by the next; what a living one has is not", async () => {
    const script = `const { openStaging } = await import(${JSON.stringify(join(packageRoot(), "dist/sandbox/index.js"))});
      const s = openStaging(${JSON.stringify(root)}); const d = await s.dir("view");
      (await import("node:fs")).writeFileSync(d.path + "/rows.csv", "secret"); console.log(d.path); setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = (await once(child.stdout, "data")) as [Buffer];
    const left = line.toString().trim();
    const mine = openStaging(root);
    expect(readFileSync(join(left, "rows.csv"), "utf8")).toBe("secret");
    child.kill("SIGKILL");
    await once(child, "exit");
    await mine.sweep();
    expect(() => statSync(left)).toThrow();
    expect(mountsUnder(root)).toEqual([mine.path]);
    await mine.close();
  });
});

describe("the owner of a mount", () => {
  test("is this process while it lives, and no other that later has its number", () => {
    const tag = ownerTag()!;
    expect(ownerAlive(tag)).toBe(true);
    expect(ownerAlive(`${process.pid}-1`)).toBe(false);
    for (const wrong of ["", "x", "-1-2", "0-0", "99999999-5"]) expect(ownerAlive(wrong)).toBe(false);
  });
});

describe("mounts", () => {
  test("are listed deepest first, with the kernel's escapes undone", () => {
    const info = ["/a", "/a/b\\040c", "/ab", "/a/b\\040c/d"]
      .map((p, i) => `${i} 0 0:1 / ${p} rw - tmpfs x rw`)
      .join("\n");
    expect(mountsUnder("/a", info)).toEqual(["/a/b c/d", "/a/b c", "/a"]);
  });

  test("are hardened whatever their kind; a kind that cannot be bounded is not asked to be", () => {
    for (const kind of ["tmpfs-noswap", "ramfs", "tmpfs"] as const) {
      const options = mountArguments(kind, "/x", { mode: "0700", bytes: 10, inodes: 5 }).join(" ");
      expect(options).toContain("nodev,nosuid,noexec,mode=0700");
      expect(options.includes("size=10")).toBe(kind !== "ramfs");
    }
  });
});
