# Makes r.json: the same cases as statsmodels.json as R fits them (lm, glm, survival::coxph), without packages beyond base and
# survival. Read from stdin: a line with the number of cases, then for each case a line of tab-separated fields (data file
# name, family, formula in R's syntax, ties), then for each data file a line "name<TAB>lines" and that many lines of CSV.
# Written: JSON of the cases in order. tests/privacy/disclosure/models/peers.ts does it.
suppressPackageStartupMessages(library(survival))
input <- file("stdin", "r")
n <- as.integer(readLines(input, 1))
cases <- strsplit(readLines(input, n), "\t")
frames <- list()
repeat {
  head <- readLines(input, 1)
  if (length(head) == 0) break
  part <- strsplit(head, "\t")[[1]]
  frames[[part[1]]] <- read.csv(text = readLines(input, as.integer(part[2])), check.names = FALSE, na.strings = c("NA", ""))
}
number <- function(x) sprintf("\"%.17g\"", x)
quoted <- function(x) paste0("\"", gsub("\"", "\\\\\"", x), "\"")
named <- function(x) paste0("{", paste0(quoted(names(x)), ": ", number(x), collapse = ", "), "}")
answers <- vapply(cases, function(case) {
  frame <- frames[[case[1]]]
  f <- as.formula(case[3])
  if (case[2] == "cox") {
    m <- coxph(f, frame, ties = case[4], control = coxph.control(eps = 1e-14, iter.max = 200, toler.chol = 1e-15))
    se <- sqrt(diag(vcov(m))); ll <- m$loglik[2]; rows <- m$n
  } else if (case[2] == "ols") {
    m <- lm(f, frame); se <- sqrt(diag(vcov(m))); ll <- as.numeric(logLik(m)); rows <- nobs(m)
  } else {
    family <- switch(case[2], logit = binomial("logit"), probit = binomial("probit"), poisson = poisson())
    control <- glm.control(epsilon = 1e-15, maxit = 200)
    m <- glm(f, family, frame, control = control)
    # Its standard errors are of the step before the last one: begun at the end, there is none.
    for (again in 1:3) m <- glm(f, family, frame, control = control, start = coef(m))
    se <- sqrt(diag(vcov(m))); ll <- as.numeric(logLik(m)); rows <- nobs(m)
  }
  b <- coef(m)
  names(se) <- names(b)
  sprintf("{\"rows\": %d, \"log_likelihood\": %s, \"coefficients\": %s, \"standard_errors\": %s}", rows, number(ll), named(b), named(se))
}, "")
cat(sprintf("{\"source\": \"R %s, survival %s; see make_r.R\",\n \"cases\": [\n  %s\n]}\n",
  getRversion(), packageVersion("survival"), paste(answers, collapse = ",\n  ")))
