/** What the helpers say at once of a table is the same in both languages, and names each rule that it knows. */
import { describe, expect, test } from "@jest/globals";
import { inImage } from "../harness/in-image.js";

/** Of A one has nearly all; B is even; D has women alone; few of C are of any sex. */
const ROWS = Array.from({ length: 300 }, (_, i) => {
  const city = i < 120 ? "A" : i < 240 ? "B" : i < 255 ? "C" : "D";
  const income = city === "A" ? (i < 2 ? 90_000 : i % 50) : 400 + (i % 90);
  return [`u${i}`, i % 2 === 0 || city === "D" ? "F" : "M", city, income, (i % 12) - 3.5];
});
const CSV = `id,sex,city,income,change\n${ROWS.map((row) => row.join(",")).join("\n")}\n`;
const TYPES = { id: "text", sex: "text", city: "text", income: "integer", change: "decimal" };
const CONTEXT = JSON.stringify({
  version: 1,
  policy: {
    threshold: 10,
    dominance: [{ n: 2, k: 0.9 }],
    p_ratio: 0.1,
    class_disclosure: "fail",
    significant_digits: 8,
  },
  datasets: {
    study: {
      unit: "id",
      row_is_unit: false,
      columns: Object.entries(TYPES).map(([name, type]) => ({ name, type, nullable: false })),
    },
  },
});

const PYTHON = `
import os, sys
os.environ.update(GLOVEBOX_DATA="/tmp", GLOVEBOX_OUT="/tmp")
context, csv = sys.stdin.read().split("\\n", 1)
open("/tmp/.glovebox.json", "w").write(context)
open("/tmp/study.csv", "w").write(csv)
import glovebox
d = glovebox.dataset("study")
def show(t):
    print("--")
    for finding in t.attrs["glovebox"]["findings"]: print(" | ".join(finding))
show(d.crosstab("city", "sex", margins=True, output="a.csv"))
show(d.crosstab("city", "sex", values="income", aggfunc="sum", output="b.csv"))
show(d.table(["city"], "sex", values="change", agg=["mean", "max"], margins="all", output="c.csv"))
show(d.where("income > 20").pivot_table("income", "city", "sex", aggfunc="mean", output="d.csv"))
show(d.table([], ["sex"], output="e.csv"))
`;

const R = `
Sys.setenv(GLOVEBOX_DATA = "/tmp", GLOVEBOX_OUT = "/tmp")
given <- readLines(file("stdin"))
writeLines(given[1], "/tmp/.glovebox.json")
writeLines(given[-1], "/tmp/study.csv")
d <- glovebox::dataset("study")
show <- function(t) {
  cat("--\\n")
  for (f in attr(t, "glovebox")$findings) cat(paste(f, collapse = " | "), "\\n", sep = "")
}
show(d$crosstab("city", "sex", margins = TRUE, output = "a.csv"))
show(d$crosstab("city", "sex", values = "income", aggfunc = "sum", output = "b.csv"))
show(d$table("city", "sex", values = "change", agg = c("mean", "max"), margins = "all", output = "c.csv"))
show(d$where("income > 20")$pivot_table("income", "city", "sex", aggfunc = "mean", output = "d.csv"))
show(d$table(NULL, "sex", output = "e.csv"))
`;

describe("the preview", () => {
  test("says the same in Python and R, of every rule that it knows", async () => {
    const given = `${CONTEXT}\n${CSV}`;
    const said = await inImage("python", ["python3", "-c", PYTHON], given);
    expect(await inImage("r", ["Rscript", "-e", R], given)).toBe(said);
    const rules = new Set([...said.matchAll(/^([a-z_]+) \|/gm)].map(([, rule]) => rule));
    expect([...rules].sort()).toEqual(
      ["class_disclosure", "dominance", "negatives", "p_ratio", "single_value", "threshold"].sort(),
    );
  });
});
