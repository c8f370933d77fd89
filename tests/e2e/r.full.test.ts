/** A job in R, from submission to release: a survival model on flchain, whose numbers agree with another program's. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { builtImage, inImage } from "../harness/in-image.js";
import {
  awaitJob,
  FLCHAIN_CSV,
  type Json,
  type RunningNode,
  requestRelease,
  review,
  startNode,
  submitJob,
  until,
  type World,
  world,
} from "../harness/index.js";

const PROGRAM = `suppressPackageStartupMessages({ library(survival); library(dplyr) })
d <- read.csv("/data/flchain.csv")
fit <- coxph(Surv(futime, death) ~ age + sex + kappa, data = filter(d, futime > 0), ties = "efron")
s <- coef(summary(fit))
write.csv(data.frame(term = rownames(s), coef = s[, "coef"], se = s[, "se(coef)"]), "/out/cox.csv", row.names = FALSE)
km <- survfit(Surv(futime, death) ~ sex, data = d)
at <- summary(km, times = c(1000, 2000, 3000, 4000))
write.csv(data.frame(group = at$strata, day = at$time, surviving = at$surv), "/out/km.csv", row.names = FALSE)
writeLines(paste("events", fit$nevent), "/out/events.txt")
`;

/** All verbs of the helper library. */
const VERBS = `
d <- glovebox::dataset("flchain")
old <- d$where("age >= 60")
x <- old$crosstab("flc.grp", "sex", output = "crosstab.csv", margins = TRUE)
x <- d$pivot_table(c("kappa", "lambda"), "sex", "mgus", aggfunc = c("mean", "std", "median", "sum", "var"), output = "pivot.csv")
x <- d$table(list("sex", list(value = "age", edges = c(50, 65, 80, 102))), "death", values = "creatinine",
             agg = c("count", "min", "max"), margins = "all", missing = "group", output = "table.csv")
x <- old$where(sex == "F" | kappa > 2)$describe(c("age", "kappa", "kappa + lambda"), by = "death", output = "describe.csv")
x <- d$hist("kappa", bins = c(0, 0.5, 1, 2.5, 30), closed = "right", output = "hist.csv")
x <- d$where("!is.na(chapter) & !(creatinine > 1.2)")$table("chapter", "flc.grp", missing = "group", output = "some.csv")
x <- d$logit("death ~ age + factor(sex) + kappa", output = "logit.json")
x <- d$where(age >= 60)$ols(kappa ~ age + sex + creatinine, output = "ols.json")
x <- d$cox(Surv(futime, death) ~ age + sex + kappa, output = "cox.json")
x <- d$survival("futime", "death", by = "sex", output = "km.csv")
`;

/** The same of statsmodels. */
const REFERENCE = `
import io, json, sys
import pandas as pd, statsmodels.formula.api as smf
from statsmodels.duration.survfunc import SurvfuncRight
d = pd.read_csv(io.StringIO(sys.stdin.read()))
f = d[d.futime > 0].assign(sexM=lambda f: (f.sex == "M").astype(float))
fit = smf.phreg("futime ~ 0 + age + sexM + kappa", f, status=f.death.values, ties="efron")
# From zero, its steps run away; the maximum is one, wherever one begins.
fit = fit.fit(start_params=[0.1, 0.3, 0.2], disp=0)
cox = {n: [float(b), float(s)] for n, b, s in zip(fit.model.exog_names, fit.params, fit.bse)}
km = {}
for sex, g in d.groupby("sex"):
    s = SurvfuncRight(g.futime, g.death)
    for day in (1000, 2000, 3000, 4000):
        km[f"sex={sex} {day}"] = float(s.surv_prob[s.surv_times <= day][-1])
print(json.dumps({"cox": cox, "km": km, "events": int(f.death.sum())}))
`;

let node: RunningNode;
let w: World;
beforeAll(async () => {
  await builtImage("r");
  node = await startNode();
  w = await world(node);
});
afterAll(() => node?.destroy());

const cells = (csv: string): string[][] =>
  csv
    .trimEnd()
    .split(/\r?\n/)
    .slice(1)
    .map((line) => line.split(",").map((cell) => cell.replaceAll('"', "")));

describe("a job in R", () => {
  test("fits a survival model whose numbers are those of another program, and is released", async () => {
    const job = await submitJob(w.researcher, {
      kind: "sandbox",
      purpose: "mortality in R",
      datasets: ["flchain"],
      image: "r",
      files: { "main.R": PROGRAM },
      command: ["Rscript", "--vanilla", "main.R"],
      outputs: ["cox.csv", "km.csv", "events.txt"],
      limits: { memory_mb: 1024, wall_s: 300 },
    });
    // Its end shows to whoever submitted it at a later moment, and with it the names of its outputs.
    await awaitJob(w.researcher, job, ["held", "failed"]);
    const { items } = await w.auditors[0].must("GET", `/api/v1/jobs/${job}/outputs`);
    expect(items.map(({ name }: Json) => name).sort()).toEqual([
      "cox.csv",
      "events.txt",
      "km.csv",
      "stderr.log",
      "stdout.log",
    ]);
    const release = await requestRelease(w.researcher, job, ["cox.csv", "km.csv", "events.txt"]);
    const files = Object.fromEntries(
      await Promise.all(
        ["cox.csv", "km.csv", "events.txt"].map(async (name) => [
          name,
          (await w.auditors[0].http("GET", `/api/v1/releases/${release}/files/${name}`)).text,
        ]),
      ),
    );
    const expected: Json = JSON.parse(
      await inImage("python", ["python3", "-c", REFERENCE], readFileSync(FLCHAIN_CSV, "utf8")),
    );
    const cox = cells(files["cox.csv"]);
    expect(cox.map(([term]) => term).sort()).toEqual(Object.keys(expected.cox).sort());
    for (const [term = "", coefficient, error] of cox) {
      expect([term, Number(coefficient)]).toEqual([term, expect.closeTo(expected.cox[term][0], 5)]);
      expect([term, Number(error)]).toEqual([term, expect.closeTo(expected.cox[term][1], 5)]);
    }
    const km = cells(files["km.csv"]);
    expect(km).toHaveLength(8);
    for (const [group, day, surviving] of km)
      expect([group, day, Number(surviving)]).toEqual([
        group,
        day,
        expect.closeTo(expected.km[`${group} ${day}`], 6),
      ]);
    expect(files["events.txt"]).toContain(`events ${expected.events}`);
    for (const auditor of w.auditors) await review(auditor, release);
    await until(
      async () => (await w.researcher.must("GET", `/api/v1/releases/${release}`)).state === "released",
      "the release",
    );
  });

  test("rehearses on the twin, and its log is shown at once", async () => {
    const job = await submitJob(w.researcher, {
      kind: "sandbox",
      purpose: "rehearsal in R",
      datasets: ["flchain"],
      image: "r",
      files: {
        "main.R":
          'd <- read.csv("/data/flchain.csv")\ncat(nrow(d), "rows,", Sys.getenv("GLOVEBOX_MODE"), "\\n")\n',
      },
      command: ["Rscript", "--vanilla", "main.R"],
      outputs: [],
      mode: "dry_run",
    });
    await awaitJob(w.researcher, job, ["done"]);
    const log = await w.researcher.http("GET", `/api/v1/jobs/${job}/outputs/stdout.log`);
    expect(log.text).toBe("1000 rows, dry_run \n");
  });

  test("has what its helper wrote computed by the node, byte for byte the same", async () => {
    const tables = ["crosstab.csv", "pivot.csv", "table.csv", "describe.csv", "hist.csv", "some.csv"];
    const outputs = [...tables, "logit.json", "ols.json", "cox.json", "km.csv"];
    const job = await submitJob(w.researcher, {
      kind: "sandbox",
      purpose: "claims in R",
      datasets: ["flchain"],
      image: "r",
      files: { "main.R": VERBS },
      command: ["Rscript", "--vanilla", "main.R"],
      outputs,
      limits: { memory_mb: 1024, wall_s: 300 },
    });
    await awaitJob(w.auditors[0], job, ["held", "failed"]);
    const { items } = await w.auditors[0].must("GET", `/api/v1/jobs/${job}/outputs`);
    const seen = new Map<string, Json>(items.map((item: Json) => [item.name, item]));
    for (const name of outputs) {
      expect([name, seen.get(name)?.evidence]).toEqual([name, "recomputed"]);
      const differs = seen.get(name)?.findings.filter(({ rule }: Json) => rule === "differs");
      expect([name, differs]).toEqual([name, []]);
    }
    expect(seen.get("stderr.log")?.bytes).toBe(0);
  });
});
