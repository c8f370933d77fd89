/** `dataset add` and `put`: what an owner says of a file and is shown of it, and files that go on where they broke off. */
import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { packageRoot } from "../../scripts/setup/home.mjs";
import {
  type Json,
  Person,
  type RunningNode,
  startNode,
  type TempDir,
  tempDir,
  until,
} from "../harness/index.js";
import { Terminal } from "./fixture.js";

let node: RunningNode;
let dir: TempDir;
let bureau: Person;
let owner: Terminal;
const at = (name: string) => join(dir.path, name);
const atUrl = (url: string) => ({ GLOVEBOX_URL: url, GLOVEBOX_TOKEN: bureau.token });

beforeAll(async () => {
  dir = tempDir("content");
  node = await startNode({ workers: 0 });
  bureau = await Person.add(Person.admin(node.url, node.adminToken), "bureau", ["owner"]);
  owner = new Terminal(atUrl(node.url));
});
afterAll(async () => {
  await node?.destroy();
  dir?.remove();
});

/** 编号,年龄,金额 in GBK, with 不详 for what is missing. */
const GBK = Buffer.concat([
  Buffer.from("b1e0bac52cc4eac1e42cbdf0b6ee0a", "hex"),
  Buffer.from("a1,61,1.5\na2,", "latin1"),
  Buffer.from("b2bbcfea", "hex"),
  Buffer.from(",2\na3,55,\n", "latin1"),
]);

describe("what is said of a file", () => {
  test("goes with it, and how it was read is shown with its evidence", async () => {
    writeFileSync(at("gbk.csv"), GBK);
    const added = await owner.must(
      ...["dataset", "add", at("gbk.csv"), "--name", "gbk", "--unit", "编号"],
      ...["--encoding", "gbk", "--missing", "不详", "--delimiter", "comma", "--header", "present"],
    );
    expect(added).toMatchObject({ rows: 3, name: "gbk", state: "draft" });
    expect(added.file).toMatchObject({
      format: "csv",
      encoding: { name: "gb18030", found_by: "declared" },
      delimiter: ",",
      missing: ["", "不详"],
    });
    expect(added.file.declared.sort()).toEqual(["delimiter", "encoding", "header", "missing"]);
    expect(added.evidence.map((c: Json) => [c.name, c.type, c.nulls])).toEqual([
      ["编号", "text", 0],
      ["年龄", "integer", 1],
      ["金额", "decimal", 1],
    ]);
    const put = await owner.run("dataset", "put", "gbk", at("gbk.csv"), "--missing", "不详");
    expect(put.stderr).toBe("");
    expect(put.stdout).toMatch(/encoding +gb18030, by how common its characters are/);
    expect(put.stdout).toMatch(/missing +"" "不详" \(as you said\)/);
    expect(put.stdout).toMatch(/年龄 +integer +1 +2 values fit/);
    expect(put.stdout).toMatch(/金额 +decimal +1 +2 values fit; not boolean, integer \(line 2\)/);
    const chinese = await owner.run(
      "dataset",
      "put",
      "gbk",
      at("gbk.csv"),
      "--missing",
      "不详",
      "--lang",
      "zh",
    );
    expect(chinese.stdout).toMatch(/编码 +gb18030, 依字符统计/);
  });

  test("and is wrong is named by line and column, never by value", async () => {
    writeFileSync(at("ragged.csv"), "id,age\na1,61\nCANARY,1,2\n");
    const ragged = await owner.run("dataset", "add", at("ragged.csv"), "--name", "ragged", "--unit", "id");
    expect([ragged.code, ragged.stderr.includes("CANARY")]).toEqual([1, false]);
    expect(ragged.stderr).toMatch(/line 3/);
    writeFileSync(at("declare.json"), JSON.stringify({ columns: [{ name: "age", type: "integer" }] }));
    writeFileSync(at("typed.csv"), "id,age\na1,61\na2,CANARY\n");
    const typed = await owner.run(
      ...[
        "dataset",
        "add",
        at("typed.csv"),
        "--name",
        "typed",
        "--unit",
        "id",
        "--describe",
        at("declare.json"),
        "--json",
      ],
    );
    expect([typed.code, typed.stdout.includes("CANARY")]).toEqual([1, false]);
    expect(typed.json.error.code).toBe("invalid_input");
    expect(JSON.stringify(typed.json.error.errors)).toMatch(/age.*line 3|line 3.*age/);
    const word = await owner.run("dataset", "put", "gbk", at("gbk.csv"), "--delimiter", "space");
    expect([word.code, word.stderr]).toEqual([1, expect.stringContaining("delimiter")]);
  });
});

/** Between a client and the node: breaks a connection after so many bytes, as often as it is told to. */
class Wire {
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
  /** Bytes from the client, over all connections. */
  sent = 0;

  constructor(
    private readonly port: number,
    private readonly breaks: number[],
  ) {
    this.server = createServer((client) => {
      const far = connect(this.port, "127.0.0.1");
      let bytes = 0;
      for (const socket of [client, far]) {
        this.sockets.add(socket);
        socket
          .on("error", () => undefined)
          .on("close", () => {
            this.sockets.delete(socket);
            client.destroy();
            far.destroy();
          });
      }
      far.pipe(client);
      client.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        this.sent += chunk.length;
        far.write(chunk);
        if (this.breaks.length > 0 && bytes > this.breaks[0]!) {
          this.breaks.shift();
          client.destroy();
        }
      });
    });
  }

  async open(): Promise<string> {
    this.server.listen(0, "127.0.0.1");
    await once(this.server, "listening");
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }
}

describe("a large file", () => {
  const LINES = 200_000;
  const content = `id,age,note\n${Array.from({ length: LINES }, (_, i) => `p${i},${i % 90},${"x".repeat(40)}${i}`).join("\n")}\n`;
  const sha256 = createHash("sha256").update(content).digest("hex");
  const wires: Wire[] = [];
  const children: ChildProcess[] = [];
  beforeAll(() => writeFileSync(at("large.csv"), content));
  afterEach(() => {
    for (const wire of wires.splice(0)) wire.close();
    for (const child of children.splice(0)) child.kill("SIGKILL");
  });

  async function wired(...breaks: number[]): Promise<[Wire, string]> {
    const wire = new Wire(Number(new URL(node.url).port), breaks);
    wires.push(wire);
    return [wire, await wire.open()];
  }
  const uploads = async (name: string): Promise<Json[]> =>
    (await bureau.http("GET", `/api/v1/datasets/${name}/uploads`)).json.items ?? [];

  test("goes on where a broken connection left it, each byte sent once but for what was on its way", async () => {
    const [wire, url] = await wired(3_000_000, 5_000_000, 100_000);
    const added = await new Terminal(atUrl(url)).must(
      ...["dataset", "add", at("large.csv"), "--name", "broken", "--unit", "id", "--resume"],
    );
    expect(added).toMatchObject({ rows: LINES, sha256 });
    expect((await uploads("broken")).map((u) => [u.state, u.offset])).toEqual([["taken", content.length]]);
    // What the wire took and the node had not read when it broke.
    expect(wire.sent).toBeLessThan(content.length + 3 * 3_000_000);
  });

  test("goes on when the command is started again after it was killed", async () => {
    const words = ["dataset", "add", at("large.csv"), "--name", "killed", "--unit", "id", "--resume"];
    const [, url] = await wired(6_000_000);
    const child = spawn(process.execPath, [join(packageRoot, "bin", "glovebox"), ...words], {
      env: { PATH: process.env.PATH, ...atUrl(url) },
      stdio: "ignore",
    });
    children.push(child);
    await until(async () => (await uploads("killed"))[0]?.offset > 0, "some of it to be kept");
    child.kill("SIGKILL");
    await once(child, "exit");
    const [again, direct] = await wired();
    const added = await new Terminal(atUrl(direct)).must(...words, "--title", "second try");
    expect(added).toMatchObject({ rows: LINES, sha256, title: "second try" });
    expect(again.sent).toBeLessThan(content.length);
    // And once more, as when the answer had got lost: nothing is sent, and it is the same version.
    const [third, other] = await wired();
    expect((await new Terminal(atUrl(other)).must(...words)).version).toBe(added.version);
    expect(third.sent).toBeLessThan(100_000);
    const taken = await owner.run("dataset", "add", at("gbk.csv"), "--name", "killed", "--resume");
    expect([taken.code, taken.stderr]).toEqual([1, expect.stringContaining("a dataset of this name exists")]);
  });

  test("that cannot be read is read another way without being sent again", async () => {
    const wrong = await owner.run(
      "dataset",
      "put",
      "killed",
      at("large.csv"),
      "--resume",
      "--encoding",
      "utf-16le",
    );
    expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringContaining("invalid_input")]);
    const [wire, url] = await wired();
    const right = ["dataset", "put", "killed", at("large.csv"), "--resume", "--delimiter", "comma"];
    expect((await new Terminal(atUrl(url)).must(...right)).file.declared).toEqual(["delimiter"]);
    expect(wire.sent).toBeLessThan(100_000);
  });

  test("of a node that is gone ends with 4, and says that it can go on", async () => {
    const wire = new Wire(1, []);
    wires.push(wire);
    const ran = await new Terminal(atUrl(await wire.open())).run(
      ...["dataset", "put", "killed", at("large.csv"), "--resume"],
    );
    expect(ran.code).toBe(4);
  });
});
