/** Promise 3, pictures: nothing leaves in a picture but what is seen in it, and hiding is reported. */
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "@jest/globals";
import { PNG } from "pngjs";
import type { Canonical } from "../../../src/privacy/index.js";
import { defaultPolicy } from "../../../src/privacy/index.js";
import { rebuild } from "../../harness/rebuild.js";
import { chunk, deflated, picture, pngOf, rows, withChunks } from "./checkers.js";

const policy = defaultPolicy(3);
const look = (bytes: Buffer) => rebuild("plot.png", bytes, policy);
const honest = look(picture());
const stolen = rows(40);

function hidden(got: Canonical) {
  return got.findings.filter((f) => f.rule === "hidden_content");
}

describe("rows hidden in a picture are removed and reported", () => {
  const idat = (extra: Buffer) => {
    const png = picture();
    const length = png.readUInt32BE(33);
    const data = png.subarray(41, 41 + length);
    return Buffer.concat([
      png.subarray(0, 33),
      chunk("IDAT", Buffer.concat([data, extra])),
      png.subarray(45 + length),
    ]);
  };
  test.each<[string, Buffer, "fail" | "review"]>([
    ["in the tail", Buffer.concat([picture(), stolen]), "fail"],
    ["as gzip in the tail", Buffer.concat([picture(), gzipSync(stolen)]), "fail"],
    ["behind the compressed stream in IDAT", idat(stolen), "fail"],
    [
      "in a tEXt chunk",
      withChunks(picture(), chunk("tEXt", Buffer.concat([Buffer.from("Comment\0"), stolen]))),
      "review",
    ],
    [
      "in a zTXt chunk",
      withChunks(picture(), chunk("zTXt", Buffer.concat([Buffer.from("C\0\0"), deflated(rows(2000))]))),
      "fail",
    ],
    [
      "in an iTXt chunk",
      withChunks(picture(), chunk("iTXt", Buffer.concat([Buffer.from("C\0\0\0\0\0"), stolen]))),
      "review",
    ],
    ["in an eXIf chunk", withChunks(picture(), chunk("eXIf", rows(400))), "fail"],
    ["in a private chunk", withChunks(picture(), chunk("prVt", stolen)), "review"],
  ])("%s", (_, bytes, verdict) => {
    const got = look(bytes);
    expect(got.canonical?.equals(honest.canonical!)).toBe(true);
    expect(hidden(got).map((f) => f.verdict)).toEqual([verdict]);
    const searched = Buffer.concat(
      got.texts.filter((t) => t.name.startsWith("hidden")).map((t) => t.content),
    );
    const found = searched.includes(stolen.subarray(0, 60)) || searched.includes(gzipSync(stolen));
    expect(found).toBe(true);
  });

  test("as extra scanlines", () => {
    const pixels = Buffer.alloc(4 * (1 + 4 * 3));
    const got = look(pngOf(4, 4, deflated(Buffer.concat([pixels, stolen]))));
    expect(hidden(got)[0]).toMatchObject({ verdict: "fail" });
    expect(got.texts.some((t) => t.content.equals(stolen))).toBe(true);
    expect(got.canonical?.equals(look(pngOf(4, 4, deflated(pixels))).canonical!)).toBe(true);
  });

  test("under transparent pixels", () => {
    const png = new PNG({ width: 60, height: 60 });
    stolen.copy(png.data);
    for (let i = 0; i < png.data.length; i += 4) png.data[i + 3] = 0;
    const got = look(PNG.sync.write(png));
    const painted = PNG.sync.read(got.canonical!).data;
    expect(painted.every((b) => b === 255)).toBe(true);
    expect(hidden(got)[0]?.evidence).toMatchObject({ outside_bytes: 0 });
    expect(hidden(got)[0]?.evidence?.metadata_bytes).toBeGreaterThan(0);
  });

  test("as pixel values, or in their low bits, they are offered to the search", () => {
    const asPixels = new PNG({ width: 40, height: 20 });
    for (let i = 0; i < 800; i++) {
      for (let c = 0; c < 3; c++) asPixels.data[i * 4 + c] = stolen[i * 3 + c] ?? 255;
      asPixels.data[i * 4 + 3] = 255;
    }
    const direct = look(PNG.sync.write(asPixels, { colorType: 2 }));
    expect(
      direct.texts.find((t) => t.name === "pixel bytes")?.content.includes(stolen.subarray(0, 300)),
    ).toBe(true);

    const low = new PNG({ width: 80, height: 80 });
    for (let i = 0; i < 80 * 80 * 3; i++) {
      const bit = ((stolen[i >> 3] ?? 0) >> (7 - (i & 7))) & 1;
      low.data[Math.floor(i / 3) * 4 + (i % 3)] = 0xfe | bit;
      low.data[Math.floor(i / 3) * 4 + 3] = 255;
    }
    const stego = look(PNG.sync.write(low, { colorType: 2 }));
    const bits = stego.texts.find((t) => t.name === "low bits of the pixels");
    expect(bits?.content.includes(stolen.subarray(0, 300))).toBe(true);
    expect(stego.capacity_bytes).toBeGreaterThan(500);
  });
});

test("what plotting libraries write as metadata is noted, not failed", () => {
  const software = chunk("tEXt", Buffer.from("Software\0Matplotlib version3.6.3, https://matplotlib.org/"));
  const got = look(withChunks(picture(), software, chunk("pHYs", Buffer.alloc(9, 1))));
  expect(hidden(got).map((f) => f.verdict)).toEqual(["pass"]);
  expect(got.canonical?.equals(honest.canonical!)).toBe(true);
});

test("one picture has one form: interlacing, palettes, depth, filters and compression leave no choice", () => {
  const white = (depth: number, color: number, row: Buffer) =>
    look(pngOf(2, 2, deflated(Buffer.concat([row, row])), depth, color)).canonical!;
  const eight = white(8, 2, Buffer.from([0, 255, 255, 255, 255, 255, 255]));
  expect(white(1, 0, Buffer.from([0, 0xc0])).equals(eight)).toBe(true);
  expect(white(1, 0, Buffer.from([0, 0xff])).equals(eight)).toBe(true);
  expect(white(16, 0, Buffer.from([0, 255, 255, 255, 255])).equals(eight)).toBe(true);
  expect(white(8, 6, Buffer.from([0, 1, 2, 3, 0, 9, 8, 7, 0])).equals(eight)).toBe(true);
});

describe("a picture that would exhaust its reader is refused", () => {
  test.each<[string, Buffer, string]>([
    ["an inflate bomb", pngOf(4, 4, deflated(Buffer.alloc(64 * 1024 * 1024))), "limits"],
    ["dimensions beyond reason", pngOf(0x7fffffff, 0x7fffffff, deflated(Buffer.alloc(16))), "limits"],
    ["a wide line of 26 Mpx", pngOf(26_000_000, 1, deflated(Buffer.alloc(16))), "limits"],
    ["no pixels at all", pngOf(0, 4, deflated(Buffer.alloc(16))), "unreadable"],
    ["too little data", pngOf(64, 64, deflated(Buffer.alloc(16))), "unreadable"],
    ["data that does not inflate", pngOf(4, 4, Buffer.from("nonsense")), "unreadable"],
    ["a filter that does not exist", pngOf(1, 1, deflated(Buffer.from([9, 1, 2, 3]))), "unreadable"],
    ["a depth that does not exist", pngOf(1, 1, deflated(Buffer.alloc(4)), 7), "unreadable"],
    [
      "a wrong checksum",
      Buffer.concat([picture().subarray(0, 45), Buffer.from([0]), picture().subarray(46)]),
      "unreadable",
    ],
    ["a chunk longer than the file", picture().subarray(0, 60), "unreadable"],
    ["an unknown critical chunk", withChunks(picture(), chunk("EVIL", rows(3))), "unreadable"],
    ["a second header", withChunks(picture(), picture().subarray(8, 33)), "unreadable"],
    [
      "thousands of text chunks",
      withChunks(picture(), ...Array(3000).fill(chunk("tEXt", Buffer.from("a\0b")))),
      "limits",
    ],
  ])("%s", (_, bytes, rule) => {
    const got = look(bytes);
    expect(got.canonical).toBeUndefined();
    expect(got.findings.map((f) => [f.rule, f.verdict])).toEqual([[rule, "fail"]]);
  });

  test("many compressed texts inflate to a bounded total", () => {
    const bomb = chunk("zTXt", Buffer.concat([Buffer.from("C\0\0"), deflated(Buffer.alloc(1_000_000, 65))]));
    const got = look(withChunks(picture(), ...Array(200).fill(bomb)));
    const total = got.texts.reduce((sum, t) => sum + t.content.length, 0);
    expect(total).toBeLessThan(10 * 1024 * 1024);
  });
});
