/** Every command, as it shows itself: help with an example, --json, wrong usage. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import type { Command } from "commander";
import { packageRoot } from "../../scripts/setup/home.mjs";
import { createProgram } from "../../src/cli/program.js";
import { allCommands, cliReferences, helpOf, nameOf } from "../../src/cli/reference.js";
import { glovebox } from "./fixture.js";

const program = (env: Record<string, string> = {}): Command =>
  createProgram({ stdout: process.stdout, stderr: process.stderr, env }, "0.0.0");
const commands = allCommands(program());
const acting = commands.filter(
  (command) => command.commands.length === 0 || command.registeredArguments.length > 0,
);

describe("every command", () => {
  test.each(commands.map((command) => [nameOf(command), command] as const))(
    "%s has help with an example of itself",
    (name, command) => {
      const help = helpOf(command);
      const example = /Example:\n {2}\$ (glovebox .+)$/m.exec(help)?.[1] ?? "";
      expect(example.startsWith(command.commands.length > 0 ? `glovebox ${command.name()}` : name)).toBe(
        true,
      );
      expect(command.description().length).toBeGreaterThan(5);
    },
  );

  test.each(acting.map((command) => [nameOf(command), command] as const))(
    "%s takes --json and --lang, and says it in Chinese",
    (name, command) => {
      const flags = command.options.map((option) => option.long);
      expect(flags).toEqual(expect.arrayContaining(["--json", "--lang"]));
      const chinese = allCommands(program({ LANG: "zh_CN.UTF-8" })).find((c) => nameOf(c) === name)!;
      expect(chinese.description()).toMatch(/\p{Script=Han}/u);
      expect(helpOf(chinese)).toContain("示例:");
    },
  );

  test("every example parses: its command is there and its flags are known", () => {
    for (const command of acting) {
      const example = /\n {2}\$ glovebox (.+)$/m.exec(helpOf(command))![1]!;
      const known = new Set([...command.options.flatMap((o) => [o.long, o.short]), "--help"]);
      const used = [...example.matchAll(/(?<= )(--?[a-z][\w-]*)/g)].map((m) => m[1]!);
      expect([nameOf(command), used.filter((flag) => !known.has(flag))]).toEqual([nameOf(command), []]);
    }
  });
});

test("the reference of the command line is committed as the code has it (npm run docs)", () => {
  const { version } = JSON.parse(readFileSync(join(packageRoot, "package.json"), "utf8"));
  for (const [path, content] of Object.entries(cliReferences(version))) {
    expect(readFileSync(join(packageRoot, path), "utf8")).toBe(content);
  }
});

describe("the process", () => {
  test.each([
    [["no-such-command"]],
    [["job", "show"]],
    [["job", "list", "--surprise"]],
    [["principal", "add", "x"]],
    [["up", "--port", "seventy"]],
    [["up", "--host", "0.0.0.0"]],
    [["verify", "/nonexistent.zip"]],
    [["job", "list"]],
    [["login", "--url", "http://localhost:1"]],
    [["job", "list", "--url", "http://node.example", "--token", "t"]],
    [["release", "review", "rel_1", "--url", "http://localhost:1"]],
    [["dataset", "add", "/nonexistent.csv", "--name", "x", "--url", "http://localhost:1"]],
    [["bench", "no-such"]],
  ])("`glovebox %j` is wrong usage: exit 2, words on stderr, nothing on stdout", async (words) => {
    const plain = await glovebox(words);
    expect([plain.code, plain.stdout]).toEqual([2, ""]);
    expect(plain.stderr.length).toBeGreaterThan(10);
    const json = await glovebox([...words, "--json"]);
    expect([json.code, json.json?.error?.code]).toEqual([2, "usage"]);
  });

  test("--version and --help end with 0", async () => {
    expect(await glovebox(["--version"])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    });
    expect((await glovebox(["help"])).code).toBe(0);
    expect((await glovebox(["run", "--help"])).stdout).toContain("glovebox run --dataset flchain");
  });
});
