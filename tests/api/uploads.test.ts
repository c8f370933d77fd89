/** The upload protocol on the wire, as tus 1.0 has it: headers, statuses, and a client that goes on where it broke off. */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import type { Answer } from "../harness/http.js";
import { type ApiFixture, apiFixture, CSV, expectStatus } from "./fixture.js";

let f: ApiFixture;
beforeAll(async () => {
  f = await apiFixture();
  await expectStatus(201, f.owner.http("POST", "/api/v1/datasets", { name: "tus", unit_column: "id" }));
});
afterAll(() => f.end());

const TUS = { "tus-resumable": "1.0.0" };
const PART = { ...TUS, "content-type": "application/offset+octet-stream" };
const base64 = (text: string | Buffer) => Buffer.from(text).toString("base64");
const create = (headers: Record<string, string> = {}) =>
  f.owner.http("POST", "/api/v1/datasets/tus/uploads", undefined, {
    ...TUS,
    "upload-length": String(CSV.length),
    ...headers,
  });
const patch = (location: string, offset: number, body: string, headers: Record<string, string> = {}) =>
  f.owner.http("PATCH", location, Buffer.from(body), {
    ...PART,
    "upload-offset": String(offset),
    ...headers,
  });
const head = (location: string) => f.owner.http("HEAD", location, undefined, TUS);

async function begin(headers: Record<string, string> = {}): Promise<string> {
  const { headers: answered } = await expectStatus(201, create(headers));
  return answered.get("location")!;
}
const told = ({ status, json }: Answer) => [status, json?.code];

let location: string;
beforeEach(async () => {
  location = await begin();
});
const giveUp = (at: string) => f.owner.http("DELETE", at, undefined, TUS);
/** Also what is still being sent: the node learns a moment later that its connection broke. */
afterEach(async () => {
  const { json } = await f.owner.http("GET", "/api/v1/datasets/tus/uploads");
  for (const { id, state } of json.items)
    while (state !== "taken" && (await giveUp(`/api/v1/uploads/${id}`)).status === 409);
});

describe("tus", () => {
  test("says without a token what is spoken", async () => {
    const answer = await f.http("OPTIONS", "/api/v1/datasets/tus/uploads");
    expect(answer.status).toBe(204);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      "tus-resumable": "1.0.0",
      "tus-version": "1.0.0",
      "tus-extension": "creation,expiration,termination,checksum",
      "tus-max-size": String(4 * 1024 ** 3),
      "tus-checksum-algorithm": "sha256,sha1",
    });
  });

  test("creation, offset, parts, and the version in the end", async () => {
    const created = await expectStatus(201, create({ "upload-metadata": `filetype ${base64("text/csv")}` }));
    const at = created.headers.get("location")!;
    expect(created.headers.get("upload-expires")).toMatch(/GMT$/);
    expect(created.json).toMatchObject({ dataset: "tus", state: "receiving", offset: 0, length: CSV.length });
    const first = await expectStatus(204, patch(at, 0, CSV.slice(0, 10)));
    expect(first.headers.get("upload-offset")).toBe("10");
    expect(first.headers.get("tus-resumable")).toBe("1.0.0");
    const asked = await expectStatus(200, head(at));
    expect(Object.fromEntries(asked.headers)).toMatchObject({
      "upload-offset": "10",
      "upload-length": String(CSV.length),
      "upload-metadata": `filetype ${base64("text/csv")}`,
      "cache-control": "no-store",
      "tus-resumable": "1.0.0",
    });
    expect(asked.bytes).toHaveLength(0);
    expect(told(await f.owner.http("POST", `${at}/content`))).toEqual([409, "state_conflict"]);
    await expectStatus(204, patch(at, 10, CSV.slice(10)));
    const version = await expectStatus(200, f.owner.http("POST", `${at}/content?delimiter=comma`));
    expect(version.json).toMatchObject({ rows: 3, sha256: createHash("sha256").update(CSV).digest("hex") });
    const again = await expectStatus(200, f.owner.http("POST", `${at}/content?delimiter=comma`));
    expect(again.json).toEqual(version.json);
    const { json } = await expectStatus(200, f.owner.http("GET", "/api/v1/datasets/tus/uploads"));
    expect(json.items.map((u: { state: string }) => u.state).sort()).toEqual(["receiving", "taken"]);
  });

  test("refuses another version, and names its own", async () => {
    for (const [method, path] of [
      ["POST", "/api/v1/datasets/tus/uploads"],
      ["HEAD", location],
      ["DELETE", location],
    ] as const) {
      const answer = await f.owner.http(method, path, undefined, {
        "tus-resumable": "0.2.2",
        "upload-length": "1",
      });
      expect(answer.status).toBe(412);
      expect(answer.headers.get("tus-version")).toBe("1.0.0");
    }
    expect(told(await patch(location, 0, "i", { "tus-resumable": "2" }))).toEqual([
      412,
      "protocol_unsupported",
    ]);
  });

  test("refuses a wrong offset, a wrong type, a wrong sum and bytes beyond the end, and keeps what there is", async () => {
    await expectStatus(204, patch(location, 0, CSV.slice(0, 10)));
    expect(told(await patch(location, 9, "x"))).toEqual([409, "state_conflict"]);
    expect(told(await patch(location, 10, CSV))).toEqual([413, "too_large"]);
    expect(told(await patch(location, 10, "x", { "content-type": "text/csv" }))).toEqual([
      422,
      "invalid_input",
    ]);
    for (const offset of ["", "-1", "ten", "1e3"])
      expect(told(await patch(location, 10, "x", { "upload-offset": offset }))).toEqual([
        422,
        "invalid_input",
      ]);
    const sum = (text: string) => `sha256 ${base64(createHash("sha256").update(text).digest())}`;
    expect(told(await patch(location, 10, "x", { "upload-checksum": sum("y") }))).toEqual([
      460,
      "checksum_mismatch",
    ]);
    expect(told(await patch(location, 10, "x", { "upload-checksum": "md5 AAAA" }))).toEqual([
      422,
      "invalid_input",
    ]);
    expect((await head(location)).headers.get("upload-offset")).toBe("10");
    const next = CSV.slice(10, 20);
    expect(
      (await patch(location, 10, next, { "upload-checksum": sum(next) })).headers.get("upload-offset"),
    ).toBe("20");
  });

  test("refuses what is too long, and a length that is none", async () => {
    expect(told(await create({ "upload-length": String(4 * 1024 ** 3 + 1) }))).toEqual([413, "too_large"]);
    for (const length of ["", "-1", "x", "1.5"])
      expect(told(await create({ "upload-length": length }))).toEqual([422, "invalid_input"]);
    expect(told(await create({ "upload-metadata": "x y z" }))).toEqual([422, "invalid_input"]);
  });

  test("is gone after it was given up, and was never there for another owner", async () => {
    const other = f.add("another-owner", ["owner"]);
    for (const [method, path] of [
      ["GET", location],
      ["DELETE", location],
      ["POST", `${location}/content`],
    ] as const)
      expect(told(await other.http(method, path))).toEqual([404, "not_found"]);
    expect((await other.http("HEAD", location)).headers.get("upload-offset")).toBeNull();
    expect(
      told(await other.http("PATCH", location, Buffer.from("x"), { ...PART, "upload-offset": "0" })),
    ).toEqual([404, "not_found"]);
    await expectStatus(204, giveUp(location));
    expect((await head(location)).status).toBe(404);
  });
});

test("a refusal reaches a sender that is in the middle of a large part", async () => {
  const large = Buffer.alloc(20 * 1024 * 1024);
  const { headers } = await expectStatus(201, create({ "upload-length": String(large.length) }));
  const at = headers.get("location")!;
  for (const [offset, status] of [
    ["1", 409],
    ["x", 422],
  ] as const)
    expect((await f.owner.http("PATCH", at, large, { ...PART, "upload-offset": offset })).status).toBe(
      status,
    );
});

describe("a connection that breaks", () => {
  /** Sends these bytes of all that is left, and breaks the connection. */
  async function breakAfter(text: string, from: number): Promise<void> {
    const sending = request(f.url + location, {
      method: "PATCH",
      headers: {
        ...PART,
        authorization: `Bearer ${f.owner.token}`,
        "upload-offset": from,
        "content-length": CSV.length - from,
      },
    });
    sending.on("error", () => undefined);
    await new Promise<void>((done) => sending.write(text, () => done()));
    await new Promise<void>((done) => sending.once("close", () => done()).destroy());
  }

  /** What a client does: asks where the upload is and sends from there, again while the broken connection is not yet noticed. */
  async function goOn(): Promise<void> {
    for (;;) {
      const offset = Number((await head(location)).headers.get("upload-offset"));
      expect(offset).toBeLessThanOrEqual(15);
      const answer = await patch(location, offset, CSV.slice(offset));
      if (answer.status === 204) return;
      expect(answer.status).toBe(409);
    }
  }

  test("costs nothing that arrived: the upload goes on there", async () => {
    await breakAfter(CSV.slice(0, 15), 0);
    await goOn();
    const version = await expectStatus(200, f.owner.http("POST", `${location}/content`));
    expect(version.json.sha256).toBe(createHash("sha256").update(CSV).digest("hex"));
  });

  test("is logged as what it is: no incident, no byte of it", async () => {
    await breakAfter(CSV.slice(0, 15), 0);
    let answer = await giveUp(location);
    while (answer.status === 409) answer = await giveUp(location);
    expect(f.logged()).not.toContain('"incident"');
    expect(f.logged()).not.toContain("Wuhan");
  });

  test("is told apart from a second sender, who is refused meanwhile", async () => {
    const first = request(f.url + location, {
      method: "PATCH",
      headers: {
        ...PART,
        authorization: `Bearer ${f.owner.token}`,
        "upload-offset": 0,
        "content-length": CSV.length,
      },
    });
    const answered = once(first, "response") as Promise<[IncomingMessage]>;
    await new Promise<void>((done) => first.write(CSV.slice(0, 5), () => done()));
    let second = await patch(location, 0, "i");
    // Until the first one is let in, the second one may win; then it is the first that is refused.
    expect([204, 409]).toContain(second.status);
    if (second.status === 409) {
      expect(second.json.detail).toMatch(/another request is sending/);
      first.end(CSV.slice(5));
      expect((await answered)[0].statusCode).toBe(204);
    } else {
      first.end(CSV.slice(5));
      expect((await answered)[0].statusCode).toBe(409);
      second = await patch(location, 1, CSV.slice(1));
      expect(second.status).toBe(204);
    }
    (await answered)[0].resume();
    await expectStatus(200, f.owner.http("POST", `${location}/content`));
  });
});
