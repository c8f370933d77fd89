/** A model leaves as the operators and rounded numbers that its outputs need. */
import { describe, expect, test } from "@jest/globals";
import { finding, look, refusal, SECRET, searched, twice, verdicts } from "./check.js";
import type { Fields } from "./onnx.js";
import { floats, message, model, node, tensor, value } from "./onnx.js";

const plain = look("m.onnx", model());

describe("models", () => {
  test("keep their operators, numbers, inputs and outputs, and no other name", () => {
    const got = twice("m.onnx", model());
    const text = got.canonical.toString("latin1");
    for (const kept of ["MatMul", "Add", "x", "y"]) expect(text).toContain(kept);
    for (const gone of ["exporter", "layer", "node of", "main", "batch"]) expect(text).not.toContain(gone);
    expect(got.canonical.includes(floats(0.123457, -1.5))).toBe(true);
    expect(searched(got, "0.123457\n-1.5\n")).toBe(true);
    expect(searched(got, "layer.weight")).toBe(true);
    expect(verdicts(got, "hidden_content")).toEqual([]);
  });

  test.each<[string, Fields]>([
    [
      "single numbers",
      [
        [1, 2n],
        [2, 1n],
        [4, 0.123456789],
        [4, -1.5],
        [8, "layer.weight"],
      ],
    ],
    [
      "packed numbers",
      [
        [8, "layer.weight"],
        [4, floats(0.123456789, -1.5)],
        [2, 1n],
        [1, 2n],
      ],
    ],
  ])("are the same when their tensors are written as %s", (_, weights) => {
    expect(look("m.onnx", model({ weights })).sha256).toBe(plain.sha256);
  });

  test.each<[string, Buffer, string]>([
    ["in the model's description", model({ model: [[6, SECRET]] }), "pass"],
    [
      "in its properties",
      model({
        model: [
          [
            14,
            [
              [1, "note"],
              [2, SECRET],
            ],
          ],
        ],
      }),
      "pass",
    ],
    [
      "in many properties",
      model({
        model: [
          [
            14,
            [
              [1, "note"],
              [2, Buffer.alloc(5000, SECRET)],
            ],
          ],
        ],
      }),
      "fail",
    ],
    ["in the graph's description", model({ graph: [[10, SECRET]] }), "pass"],
    [
      "in a tensor's description",
      model({ weights: tensor("layer.weight", [0.123456789, -1.5], [[12, SECRET]]) }),
      "pass",
    ],
    ["in an unknown field", model({ model: [[99, SECRET]] }), "fail"],
    [
      "in an unknown field of a tensor",
      model({ weights: tensor("layer.weight", [0.123456789, -1.5], [[77, SECRET]]) }),
      "fail",
    ],
    [
      "in a tensor that nothing uses",
      model({
        graph: [
          [
            5,
            [
              [1, BigInt(SECRET.length)],
              [2, 2n],
              [8, "spare"],
              [9, SECRET],
            ],
          ],
        ],
      }),
      "pass",
    ],
    [
      "in a node that nothing uses",
      model({
        graph: [
          [
            1,
            node(
              "Constant",
              [],
              ["spare"],
              [
                [
                  5,
                  [
                    [1, "value_string"],
                    [4, SECRET],
                    [20, 3n],
                  ],
                ],
              ],
            ),
          ],
        ],
      }),
      "pass",
    ],
  ])("rows %s are removed, searched and reported", (_, bytes, verdict) => {
    const got = twice("m.onnx", bytes);
    expect(got.sha256).toBe(plain.sha256);
    expect(verdicts(got, "hidden_content").map((v) => (v === "review" ? "pass" : v))).toEqual([verdict]);
    expect(searched(got, "1001,70,F,2.31,1.07")).toBe(true);
  });

  test.each<[string, Buffer, string]>([
    [
      "tensors in other files",
      model({
        weights: [
          [1, 2n],
          [2, 1n],
          [8, "layer.weight"],
          [
            13,
            [
              [1, "location"],
              [2, "/etc/passwd"],
            ],
          ],
          [14, 1n],
        ],
      }),
      "other files",
    ],
    ["functions", model({ model: [[25, [[1, "f"]]]] }), "functions"],
    ["training steps", model({ model: [[20, [[1, [[2, "g"]]]]]] }), "training"],
    ["sparse tensors", model({ graph: [[15, [[1, "s"]]]] }), "sparse"],
    ["operators of its own", model({ nodes: [node("Leak", ["x"], ["y"], [[7, "com.example"]])] }), "domain"],
    [
      "a tensor that does not fit its shape",
      model({
        weights: [
          [1, 3n],
          [2, 1n],
          [8, "layer.weight"],
          [9, floats(1, 2)],
        ],
      }),
      "fit its shape",
    ],
    [
      "a tensor given in two ways",
      model({ weights: tensor("layer.weight", [1, 2], [[4, floats(1, 2)]]) }),
      "two ways",
    ],
    [
      "half a number",
      model({
        weights: [
          [1, 2n],
          [2, 1n],
          [8, "layer.weight"],
          [9, Buffer.alloc(7)],
        ],
      }),
      "half an element",
    ],
    [
      "raw bytes as text",
      model({
        nodes: [
          node(
            "Add",
            ["x", "layer.bias"],
            ["y"],
            [
              [
                5,
                [
                  [1, "a"],
                  [4, Buffer.from([255, 254])],
                  [20, 3n],
                ],
              ],
            ],
          ),
        ],
      }),
      "UTF-8",
    ],
    [
      "an operator without a usable name",
      model({ nodes: [node("Add 1001,70", ["x"], ["y"])] }),
      "usable name",
    ],
    ["a second graph", Buffer.concat([model(), model()]), "given twice"],
    ["a tail", Buffer.concat([model(), SECRET]), "Not a model"],
    ["no graph", message([[1, 8n]]), "no graph"],
    ["a pickle", Buffer.from("\x80\x04\x95", "latin1"), "a pickle"],
    ["a table", SECRET, "Not a model"],
    ["nothing", Buffer.from([0]), "Not a model"],
  ])("with %s are refused", (_, bytes, what) => {
    expect(refusal("m.onnx", bytes)[1]).toContain(what);
  });

  test("nested without end are refused", () => {
    let graph: Fields = [
      [1, node("Identity", ["x"], ["z"])],
      [12, value("z")],
    ];
    for (let i = 0; i < 40; i++)
      graph = [
        [
          1,
          node(
            "If",
            ["x"],
            ["z"],
            [
              [
                5,
                [
                  [1, "then_branch"],
                  [6, graph],
                  [20, 5n],
                ],
              ],
            ],
          ),
        ],
        [12, value("z")],
      ];
    const bytes = model({
      nodes: [
        node(
          "If",
          ["x"],
          ["y"],
          [
            [
              5,
              [
                [1, "then_branch"],
                [6, graph],
                [20, 5n],
              ],
            ],
          ],
        ),
      ],
    });
    expect(refusal("m.onnx", bytes)[1]).toContain("nested too deeply");
  });

  test("with graphs inside keep what those read from outside", () => {
    const inner: Fields = [
      [1, node("Add", ["x", "layer.weight"], ["z"])],
      [2, "secret-1001"],
      [12, value("z")],
    ];
    const bytes = model({
      nodes: [
        node(
          "If",
          ["x"],
          ["y"],
          [
            [
              5,
              [
                [1, "then_branch"],
                [6, inner],
                [20, 5n],
              ],
            ],
          ],
        ),
      ],
    });
    const got = twice("m.onnx", bytes);
    expect(got.canonical.includes(floats(0.123457, -1.5))).toBe(true);
    expect(got.canonical.includes("secret")).toBe(false);
    expect(finding(got, "hidden_content")[0]?.message).toContain("in a tensor that no output needs");
  });

  test("with text, whole numbers and every type of tensor are canonical after one pass", () => {
    for (const type of [1n, 2n, 3n, 4n, 5n, 6n, 7n, 9n, 10n, 11n, 12n, 13n, 16n]) {
      const bytes = Buffer.from(Float64Array.from([1 / 3, -0, Number.NaN]).buffer);
      const width = { 1: 4, 2: 1, 3: 1, 4: 2, 5: 2, 6: 4, 7: 8, 9: 1, 10: 2, 11: 8, 12: 4, 13: 8, 16: 2 }[
        Number(type)
      ]!;
      const weights: Fields = [
        [1, BigInt(bytes.length / width)],
        [2, type],
        [8, "layer.weight"],
        [9, bytes],
      ];
      void twice("m.onnx", model({ weights }));
    }
    const labels: Fields = [
      [1, "classlabels_strings"],
      [9, "low"],
      [9, "h\u200bigh 1.234567890123"],
      [20, 8n],
    ];
    const whole: Fields = [
      [1, "axes"],
      [8, 9223372036854775807n],
      [8, -1n],
      [20, 7n],
    ];
    const bytes = model({
      nodes: [
        node(
          "Add",
          ["x", "layer.bias"],
          ["y"],
          [
            [5, whole],
            [5, labels],
            [7, "ai.onnx.ml"],
          ],
        ),
      ],
    });
    const got = twice("m.onnx", bytes);
    expect(searched(got, "high 1.2345679")).toBe(true);
    expect(verdicts(got, "invisible_text")).toEqual(["review"]);
  });

  test("any byte changed gives a model that is canonical after one pass, or a refusal", () => {
    const bytes = model();
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes);
      changed[at]! ^= 0x15;
      if (look("m.onnx", changed).canonical !== undefined) void twice("m.onnx", changed);
    }
  });
});
