/** A JPEG leaves as what is seen of it, with the tables that every JPEG may have, and nothing else. */
import { describe, expect, test } from "@jest/globals";
import jpeg from "jpeg-js";
import { honest, look, refusal, SECRET, searched, twice, verdicts } from "./check.js";

const pixels = (bytes: Buffer) => jpeg.decode(bytes, { useTArray: true, tolerantDecoding: false });

/** Mean and largest difference of the pixels that both pictures have. */
function difference(a: Buffer, b: Buffer): { mean: number; most: number } {
  const [one, two] = [pixels(a), pixels(b)];
  let [sum, most, n] = [0, 0, 0];
  for (let y = 0; y < Math.min(one.height, two.height); y++)
    for (let x = 0; x < Math.min(one.width, two.width) * 4; x++) {
      const d = Math.abs(one.data[y * one.width * 4 + x]! - two.data[y * two.width * 4 + x]!);
      sum += d;
      most = Math.max(most, d);
      n++;
    }
  return { mean: sum / n, most };
}

/** The picture with a segment put in after its signature. */
function withSegment(picture: Buffer, marker: number, body: Buffer): Buffer {
  const head = Buffer.from([0xff, marker, (body.length + 2) >> 8, (body.length + 2) & 0xff]);
  return Buffer.concat([picture.subarray(0, 2), head, body, picture.subarray(2)]);
}

const HONEST = ["baseline", "progressive", "full_chroma", "optimised", "grey", "restarts", "odd_size"];

describe("pictures as Pillow writes them", () => {
  test.each(HONEST)("%s: looks the same and is canonical after one pass", (name) => {
    const given = honest(`${name}.jpeg`);
    const got = twice("plot.jpeg", given);
    expect(verdicts(got, "hidden_content")).toEqual([]);
    const { mean, most } = difference(given, got.canonical);
    expect(mean).toBeLessThan(2);
    expect(most).toBeLessThan(90);
    expect(look("plot.jpg", given).media_type).toBe("image/jpeg");
  });

  test("the way in which they were coded tells nothing", () => {
    const all = ["baseline", "progressive"].map((n) => look("a.jpeg", honest(`${n}.jpeg`)).sha256);
    expect(new Set(all).size).toBe(1);
  });

  test("one that is no larger than quality 75 keeps every coefficient", () => {
    const once = twice("a.jpeg", honest("baseline.jpeg")).canonical;
    expect(difference(once, twice("a.jpeg", once).canonical).most).toBe(0);
  });

  test("one of odd size shows what lies behind its edge", () => {
    const got = pixels(twice("a.jpeg", honest("odd_size.jpeg")).canonical);
    expect([got.width, got.height]).toEqual([48, 32]);
  });
});

describe("rows hidden in a picture are removed, searched and reported", () => {
  const plain = honest("odd_size.jpeg");
  const clean = look("a.jpeg", plain);

  test.each<[string, Buffer, string]>([
    ["after the end", Buffer.concat([plain, SECRET]), "fail"],
    ["in a comment", withSegment(plain, 0xfe, SECRET), "pass"],
    ["in EXIF", withSegment(plain, 0xe1, Buffer.concat([Buffer.from("Exif\0\0"), SECRET])), "pass"],
    ["in a colour profile", withSegment(plain, 0xe2, Buffer.concat([Buffer.alloc(3000), SECRET])), "review"],
    ["in much of a private segment", withSegment(plain, 0xeb, Buffer.alloc(5000, SECRET)), "fail"],
    [
      "in a thumbnail",
      withSegment(
        plain,
        0xe0,
        Buffer.concat([Buffer.from("JFIF\0\x01\x01\0\0\x01\0\x01\x04\x07"), SECRET, SECRET]),
      ),
      "pass",
    ],
    ["in the image data", Buffer.concat([plain.subarray(0, -2), SECRET, plain.subarray(-2)]), "fail"],
    ["as a zip archive behind it", Buffer.concat([plain, Buffer.from("PK\x03\x04"), SECRET]), "fail"],
  ])("%s", (_, bytes, verdict) => {
    const got = twice("a.jpeg", bytes);
    expect(got.sha256).toBe(clean.sha256);
    expect(verdicts(got, "hidden_content")).toEqual([verdict]);
    expect(searched(got, SECRET)).toBe(true);
  });

  test("as Pillow would put them there", () => {
    const got = twice("a.jpeg", honest("metadata.jpeg"));
    expect(verdicts(got, "hidden_content")).toEqual(["review"]);
    expect(searched(got, "1,70,F,2.0,1.0")).toBe(true);
  });
});

describe("what is no such picture is refused", () => {
  const plain = honest("odd_size.jpeg");
  const frame = plain.indexOf(Buffer.from([0xff, 0xc0]));
  const scan = plain.indexOf(Buffer.from([0xff, 0xda]));
  const patched = (at: number, ...values: number[]) => {
    const out = Buffer.from(plain);
    Buffer.from(values).copy(out, at);
    return out;
  };
  test.each<[string, Buffer]>([
    ["four colours", honest("cmyk.jpeg")],
    ["arithmetic coding", patched(frame, 0xff, 0xc9)],
    ["lossless coding", patched(frame, 0xff, 0xc3)],
    ["twelve bits", patched(frame + 4, 12)],
    ["no height", patched(frame + 5, 0, 0)],
    ["dimensions beyond reason", patched(frame + 5, 255, 255, 255, 255)],
    ["sampling of four", patched(frame + 11, 0x41)],
    ["a component that no scan names", patched(scan + 5, 9)],
    ["image data that ends early", Buffer.concat([plain.subarray(0, -100), plain.subarray(-2)])],
    ["no end", plain.subarray(0, -2)],
    ["no image data", Buffer.concat([plain.subarray(0, scan), plain.subarray(-2)])],
    [
      "a second frame",
      Buffer.concat([plain.subarray(0, scan), plain.subarray(frame, scan), plain.subarray(scan)]),
    ],
    ["a table of noughts", withSegment(plain, 0xdb, Buffer.alloc(65))],
    [
      "codes that overlap",
      withSegment(plain, 0xc4, Buffer.concat([Buffer.from([0, 3]), Buffer.alloc(15), Buffer.alloc(3)])),
    ],
    ["a PNG picture", Buffer.from("\x89PNG\r\n\x1a\n", "latin1")],
    ["a table", SECRET],
  ])("%s", (_, bytes) => {
    expect(["unreadable", "media_type", "limits"]).toContain(refusal("a.jpeg", bytes)[0]);
  });

  test("any byte changed gives a picture that is canonical after one pass, or a refusal", () => {
    for (let at = 2; at < plain.length; at += 3) {
      const bytes = patched(at, plain[at]! ^ 0x55);
      if (look("a.jpeg", bytes).canonical !== undefined) void twice("a.jpeg", bytes);
    }
  });
});
