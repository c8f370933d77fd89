/** Models made by hand, field by field, as Protocol Buffers write them. */

export type Fields = [number, Wire][];
type Wire = bigint | number | string | Buffer | Fields;

function varint(value: bigint): Buffer {
  const out: number[] = [];
  let left = BigInt.asUintN(64, value);
  for (; left > 127n; left >>= 7n) out.push(Number(left & 127n) | 128);
  return Buffer.from([...out, Number(left)]);
}

/** bigint: varint; number: a float of four bytes; text, bytes and fields: with their length. */
export function message(fields: Fields): Buffer {
  return Buffer.concat(
    fields.flatMap(([number, value]) => {
      const key = (wire: number) => varint((BigInt(number) << 3n) | BigInt(wire));
      if (typeof value === "bigint") return [key(0), varint(value)];
      if (typeof value === "number") return [key(5), Buffer.from(Float32Array.of(value).buffer)];
      const bytes =
        typeof value === "string" ? Buffer.from(value) : Buffer.isBuffer(value) ? value : message(value);
      return [key(2), varint(BigInt(bytes.length)), bytes];
    }),
  );
}

export const floats = (...values: number[]): Buffer => Buffer.from(Float32Array.from(values).buffer);

export const tensor = (name: string, values: number[], more: Fields = []): Fields => [
  [1, BigInt(values.length)],
  [2, 1n],
  [8, name],
  [9, floats(...values)],
  ...more,
];

export const value = (name: string, more: Fields = []): Fields => [
  [1, name],
  [
    2,
    [
      [
        1,
        [
          [1, 1n],
          [
            2,
            [
              [1, [[2, "batch"]]],
              [1, [[1, 2n]]],
            ],
          ],
        ],
      ],
    ],
  ],
  ...more,
];

export const node = (operator: string, inputs: string[], outputs: string[], more: Fields = []): Fields => [
  ...inputs.map((name): Fields[number] => [1, name]),
  ...outputs.map((name): Fields[number] => [2, name]),
  [3, `node of ${outputs[0]}`],
  [4, operator],
  ...more,
];

/** y = x · weights + bias, as an exporter would write it. */
export interface Parts {
  model?: Fields;
  graph?: Fields;
  weights?: Fields;
  nodes?: Fields[];
}

export function model({ model: more = [], graph = [], weights, nodes }: Parts = {}): Buffer {
  const body = nodes ?? [
    node("MatMul", ["x", "layer.weight"], ["/layer/out"]),
    node("Add", ["/layer/out", "layer.bias"], ["y"]),
  ];
  return message([
    [1, 8n],
    [2, "an exporter"],
    [
      7,
      [
        ...body.map((n): Fields[number] => [1, n]),
        [2, "main"],
        [5, weights ?? tensor("layer.weight", [0.123456789, -1.5])],
        [5, tensor("layer.bias", [0.25])],
        [11, value("x")],
        [12, value("y")],
        ...graph,
      ],
    ],
    [8, [[2, 17n]]],
    ...more,
  ]);
}
