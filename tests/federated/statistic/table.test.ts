/** Tables over domains are those of the pooled rows, to the last digit, however fine the decimals. */
import { expect, test } from "@jest/globals";
import { Domains, specOf } from "./pooled.js";

test.each([
  [0, "100"],
  [6, "100"],
  [9, "100"],
])("a mean and a variance of %i decimals are exact", async (decimals, most) => {
  const spec = specOf([
    { name: "g", type: "text", categories: ["a", "b"] },
    { name: "x", type: "decimal", bounds: ["-1", most], decimals },
  ]);
  const rows = Array.from({ length: 90 }, (_, i): [string, string] => [
    i % 2 === 0 ? "a" : "b",
    (((i * 7_919) % 1_000) / 11).toFixed(decimals),
  ]);
  const domains = await Domains.open(
    spec,
    [0, 1, 2].map((d) => ({ rows: rows.filter((_, i) => i % 3 === d) })),
  );
  try {
    const { canonical } = await domains.ask({
      kind: "table",
      rows: ["g"],
      values: "x",
      agg: ["mean", "var"],
    });
    const scale = 10n ** BigInt(decimals);
    const lines = ["a", "b"].map((group) => {
      const values = rows.filter(([g]) => g === group).map(([, x]) => BigInt(x.replace(".", "")));
      const [n, sum, squares] = [
        45n,
        values.reduce((s, x) => s + x, 0n),
        values.reduce((s, x) => s + x * x, 0n),
      ];
      const of = (a: bigint, b: bigint) =>
        String(Number((Number((a * 10n ** 20n) / b) / 1e20).toPrecision(8)));
      const variance = of(n * squares - sum * sum, n * (n - 1n) * scale * scale);
      return [group, n, of(sum, n * scale), variance].join(",");
    });
    expect(canonical.canonical!.toString("utf8").trimEnd().split("\n").slice(1)).toEqual(lines);
  } finally {
    domains.close();
  }
});
