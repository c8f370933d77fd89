/** Arrays and tensors leave as rounded numbers and nothing else. */
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { testSeed } from "../../../harness/seed.js";
import { f32, f64, i64, npy, safetensors, zip } from "./arrays.js";
import { honest, look, refusal, SECRET, searched, twice, verdicts } from "./check.js";

const seed = testSeed();
console.info(`arrays: seed ${seed}`);

const one = npy("<f8", [2], f64(1.5, 2.25));

describe("NumPy archives", () => {
  test("as NumPy writes them come out with all their arrays, rounded", () => {
    const stored = twice("a.npz", honest("stored.npz"));
    expect(verdicts(stored, "hidden_content")).toEqual([]);
    expect(look("a.npz", honest("compressed.npz")).sha256).toBe(stored.sha256);
    expect(searched(stored, "высокий")).toBe(true);
    expect(searched(stored, "123456790000")).toBe(true);
    expect(stored.capacity_bytes).toBeLessThan(stored.bytes / 2);
  });

  test.each<[string, Buffer, string]>([
    ["an array of objects", honest("objects.npz"), "pickle"],
    [
      "a member that is no array",
      zip([
        ["a.npy", one],
        ["rows.csv", SECRET],
      ]),
      "a member is no array",
    ],
    [
      "a pickle called an array",
      zip([["a.npy", Buffer.from("\x80\x04abc", "latin1")]]),
      "no NumPy signature",
    ],
    ["a structure", zip([["a.npy", npy("|V8", [1], Buffer.alloc(8))]]), "neither numbers"],
    ["raw bytes", zip([["a.npy", npy("|S8", [1], Buffer.alloc(8))]]), "neither numbers"],
    ["dates", zip([["a.npy", npy("<M8", [1], Buffer.alloc(8))]]), "neither numbers"],
    ["a shape larger than its data", zip([["a.npy", npy("<f8", [9], f64(1))]]), "shorter than its shape"],
    ["an endless shape", zip([["a.npy", npy("<f8", [99999999, 99999999, 99], f64(1))]]), "too large"],
    [
      "two members of one name",
      zip([
        ["a.npy", one],
        ["a.npy", one],
      ]),
      "one name",
    ],
    ["a path", zip([["../a.npy", one]]), "odd characters"],
    ["a bomb", zip([["a.npy", Buffer.alloc(20 << 20)]], { deflate: true }), "more than a file may hold"],
    ["a CSV file", SECRET, "no end record"],
    ["a tail", Buffer.concat([zip([["a.npy", one]]), SECRET]), "something follows"],
  ])("%s is refused", (_, bytes, message) => {
    expect(refusal("a.npz", bytes)[1]).toContain(message);
  });

  test("members that share bytes are refused", () => {
    const bytes = zip([
      ["a.npy", one],
      ["b.npy", one],
    ]);
    const second = bytes.indexOf("PK\x01\x02", bytes.indexOf("PK\x01\x02") + 4);
    bytes.writeUInt32LE(0, second + 42);
    bytes.write("a", second + 46);
    expect(refusal("a.npz", bytes)[0]).toBe("unreadable");
  });

  test.each<[string, Parameters<typeof zip>[1], string]>([
    ["in the comment", { comment: SECRET }, "pass"],
    ["in much of a comment", { comment: Buffer.alloc(5000, SECRET) }, "fail"],
    ["in an extra field", { extra: SECRET }, "pass"],
    ["between the members", { gap: SECRET }, "fail"],
    ["before the first member", { prefix: SECRET }, "fail"],
    ["behind a compressed member", { deflate: true, slack: SECRET }, "fail"],
  ])("rows %s are removed, searched and reported", (_, trick, verdict) => {
    const got = twice("a.npz", zip([["a.npy", one]], trick));
    expect(got.sha256).toBe(look("a.npz", zip([["a.npy", one]])).sha256);
    expect(verdicts(got, "hidden_content")).toEqual([verdict]);
    expect(searched(got, SECRET)).toBe(true);
  });

  test("bytes behind an array's data are hidden content", () => {
    const got = twice("a.npz", zip([["a.npy", Buffer.concat([one, SECRET])]]));
    expect(verdicts(got, "hidden_content")).toEqual(["fail"]);
  });

  test("the order of the members carries nothing", () => {
    const a = zip([
      ["a.npy", one],
      ["b.npy", npy("<f4", [1], f32(1))],
    ]);
    const b = zip([
      ["b.npy", npy("<f4", [1], f32(1))],
      ["a.npy", one],
    ]);
    expect(look("a.npz", a).sha256).toBe(look("a.npz", b).sha256);
  });

  test("a record reads as a line, however it is stored", () => {
    const got = twice(
      "a.npz",
      zip([
        ["age.npy", npy("<i8", [2], i64(70n, 71n))],
        ["kappa.npy", npy("<f8", [2], f64(2.31, 0.88))],
        ["wide.npy", npy("<f8", [3, 2], f64(70, 71, 2.5, 3.5, 1, 0))],
        ["fortran.npy", npy("<f8", [2, 3], f64(60, 61, 7.5, 8.5, 1, 0), true)],
      ]),
    );
    for (const line of ["70,2.31\n", "70,2.5,1\n", "60,7.5,1\n"]) expect(searched(got, line)).toBe(true);
    const packed = twice("a.npz", zip([["a.npy", npy("|u1", [SECRET.length], SECRET)]]));
    expect(searched(packed, SECRET)).toBe(true);
  });
});

describe("numbers in arrays", () => {
  const arrayOf = (descr: string, data: Buffer, width: number) =>
    zip([["a.npy", npy(descr, [data.length / width], data)]]);
  const dataOf = (canonical: Buffer) => canonical.subarray(30 + 5 + 128, canonical.indexOf("PK\x01\x02"));

  test("lose the payload of a NaN, the sign of zero and low-order bits", () => {
    const nan = Buffer.from("deadbeefdeadf87f", "hex");
    const got = twice("a.npz", arrayOf("<f8", Buffer.concat([nan, f64(-0, 1 / 3)]), 8));
    expect(dataOf(got.canonical)).toEqual(Buffer.concat([f64(Number.NaN), f64(0, 0.33333333)]));
    const single = Buffer.from("efbeff7f", "hex");
    const short = twice("a.npz", arrayOf("<f4", Buffer.concat([single, f32(-0, 1 / 3)]), 4));
    expect(dataOf(short.canonical)).toEqual(f32(Number.NaN, 0, 0.333333));
  });

  test("stay within their type", () => {
    const data = i64(2n ** 63n - 1n, -(2n ** 63n));
    const got = twice("a.npz", arrayOf("<i8", data, 8), 5);
    expect(searched(got, "9223000000000000000\n-9223000000000000000\n")).toBe(true);
    const top = twice("a.npz", arrayOf("<f4", f32(3.4028234e38, -3.4028234e38), 4), 5);
    expect(searched(top, "3.402e+38\n-3.402e+38\n")).toBe(true);
    const largest = twice("a.npz", arrayOf("<f8", f64(Number.MAX_VALUE), 8), 5);
    expect(searched(largest, "1.797e+308\n")).toBe(true);
    const byte = twice("a.npz", arrayOf("|u1", Buffer.from([255, 128, 7]), 1));
    expect(searched(byte, "255\n128\n7\n")).toBe(true);
    expect(dataOf(twice("a.npz", arrayOf("|b1", Buffer.from([7, 0]), 1)).canonical)).toEqual(
      Buffer.from([1, 0]),
    );
  });

  test("of any bits are canonical after one pass, in every type", () => {
    const kinds = [
      "<f8",
      ">f8",
      "<f4",
      "<f2",
      ">f2",
      "<i8",
      "<u8",
      ">i4",
      "<u4",
      "<i2",
      "|u1",
      "|b1",
      "<c8",
      "<c16",
    ];
    const grades = [1, 3, 4, 5] as const;
    fc.assert(
      fc.property(
        fc.constantFrom(...kinds),
        fc.constantFrom(...grades),
        fc.uint8Array({ minLength: 64, maxLength: 64 }),
        (descr, grade, data) => {
          const width = Number(descr.slice(2));
          void twice("a.npz", arrayOf(descr, Buffer.from(data), width), grade);
        },
      ),
      { seed, numRuns: Number(process.env.GLOVEBOX_TEST_RUNS ?? 600) },
    );
  });

  test("of sixteen bits are canonical after one pass, all of them", () => {
    const all = Buffer.from(Uint16Array.from({ length: 65_536 }, (_, i) => i).buffer);
    void twice("a.npz", arrayOf("<f2", all, 2));
    void twice(
      "a.safetensors",
      safetensors({ a: { dtype: "BF16", shape: [65_536], data_offsets: [0, 131_072] } }, all),
    );
  });

  test("count for what their digits can tell, not for their bytes", () => {
    let state = seed >>> 0 || 1;
    const noise = Float64Array.from({ length: 20_000 }, () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state / 2 ** 32;
    });
    const got = look("a.npz", arrayOf("<f8", Buffer.from(noise.buffer), 8), 5);
    // four digits are 13.3 bits and an end; eight bytes are 64
    expect(got.capacity_bytes).toBeLessThan(20_000 * 2.5);
    expect(got.capacity_bytes).toBeGreaterThan((20_000 * 13.2) / 8);
  });
});

describe("tensors", () => {
  const header = {
    b: { dtype: "F32", shape: [2], data_offsets: [0, 8] },
    a: { dtype: "I64", shape: [], data_offsets: [8, 16] },
  };
  const data = Buffer.concat([f32(1.5, 2.5), i64(7n)]);
  const plain = look("a.safetensors", safetensors(header, data));

  test("are sorted, packed and searched", () => {
    const got = twice("a.safetensors", safetensors(header, data));
    expect(got.canonical.subarray(8).toString("latin1")).toMatch(
      /^\{"a":\{"dtype":"I64","shape":\[\],"data_offsets":\[0,8\]\},"b":/,
    );
    expect(got.canonical.length % 8).toBe(0);
    expect(searched(got, "1.5\n2.5\n")).toBe(true);
    expect(searched(got, "a\nb\n")).toBe(true);
  });

  test.each<[string, Buffer, string]>([
    ["after the last tensor", safetensors(header, Buffer.concat([data, SECRET])), "fail"],
    [
      "in a hole",
      safetensors(
        { ...header, a: { dtype: "I64", shape: [], data_offsets: [8 + SECRET.length, 16 + SECRET.length] } },
        Buffer.concat([f32(1.5, 2.5), SECRET, i64(7n)]),
      ),
      "fail",
    ],
    ["in the metadata", safetensors({ __metadata__: { note: SECRET.toString() }, ...header }, data), "pass"],
    [
      "in much metadata",
      safetensors({ __metadata__: { note: "x".repeat(5000) + SECRET.toString() }, ...header }, data),
      "fail",
    ],
  ])("rows %s are removed, searched and reported", (_, bytes, verdict) => {
    const got = twice("a.safetensors", bytes);
    expect(got.sha256).toBe(plain.sha256);
    expect(verdicts(got, "hidden_content")).toEqual([verdict]);
    expect(searched(got, "1001,70,F,2.31")).toBe(true);
  });

  test("of a framework keep its name, because readers ask for it", () => {
    const got = twice("a.safetensors", safetensors({ __metadata__: { format: "pt" }, ...header }, data));
    expect(got.canonical.includes('{"__metadata__":{"format":"pt"}')).toBe(true);
    expect(verdicts(got, "hidden_content")).toEqual([]);
  });

  test("white space after the header goes without a word", () => {
    const padded = safetensors(`${JSON.stringify(header)}     `, data);
    expect(look("a.safetensors", padded).sha256).toBe(plain.sha256);
  });

  const F32 = (start: number, end: number) => ({ dtype: "F32", shape: [2], data_offsets: [start, end] });
  test.each<[string, Buffer]>([
    ["overlapping tensors", safetensors({ a: F32(0, 8), b: F32(4, 12) }, Buffer.alloc(12))],
    ["tensors beyond the end", safetensors({ a: F32(0, 8) }, Buffer.alloc(4))],
    ["a place that does not fit the shape", safetensors({ a: F32(0, 12) }, Buffer.alloc(12))],
    ["a header beyond the end", safetensors({ a: F32(0, 8) }, Buffer.alloc(0)).subarray(0, 20)],
    [
      "a name given twice",
      safetensors(
        '{"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}',
        Buffer.alloc(4),
      ),
    ],
    [
      "a foreign type of element",
      safetensors({ a: { dtype: "F8_E4M3", shape: [1], data_offsets: [0, 1] } }, Buffer.alloc(1)),
    ],
    ["further members", safetensors({ a: { ...F32(0, 8), note: "x" } }, Buffer.alloc(8))],
    ["names that look the same", safetensors({ "a\u200b": F32(0, 8), a: F32(8, 16) }, Buffer.alloc(16))],
    ["a table", SECRET],
    ["a pickle", Buffer.from("\x80\x02}q\x00.padding", "latin1")],
  ])("%s are refused", (_, bytes) => {
    expect(["unreadable", "media_type"]).toContain(refusal("a.safetensors", bytes)[0]);
  });
});
