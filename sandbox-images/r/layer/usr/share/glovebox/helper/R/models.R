# Models and survival curves: fitted here by R, and again by the node, whose figures are those that go out.

regression <- function(data, family, formula, output, ties = NULL) {
  text <- if (inherits(formula, "formula")) paste(deparse(formula, width.cutoff = 500L), collapse = " ") else formula
  claim <- c(list(kind = "regression"), data$filter, list(family = family, formula = text))
  if (!is.null(ties)) claim$ties <- ties
  frame <- data$shown()
  model <- stats::as.formula(text, env = list2env(list(Surv = survival::Surv, C = factor, offset = stats::offset), parent = baseenv()))
  # R's own bounds leave the last digits of standard errors open.
  closely <- stats::glm.control(epsilon = 1e-14, maxit = 100)
  result <- switch(family,
    ols = stats::lm(model, frame),
    logit = stats::glm(model, stats::binomial("logit"), frame, control = closely),
    probit = stats::glm(model, stats::binomial("probit"), frame, control = closely),
    poisson = stats::glm(model, stats::poisson(), frame, control = closely),
    cox = survival::coxph(model, frame, ties = ties, control = survival::coxph.control(eps = 1e-11, iter.max = 100)))
  table <- summary(result)$coefficients
  errors <- table[, if (family == "cox") "se(coef)" else 2]
  digits <- policy("significant_digits", 8)
  number <- function(x) if (is.finite(x)) as.numeric(number_text(x, digits)) else NULL
  coefficients <- lapply(seq_len(nrow(table)), function(i)
    list(name = rownames(table)[i], estimate = number(table[i, 1]), std_error = number(errors[[i]])))
  document <- list(model = family, n = stats::nobs(result), coefficients = coefficients)
  write_output(output, paste0(write_json(document), "\n"), data$name, claim)
  note(result, output, list())
}

survival_curves <- function(data, time, event, by, times, missing, output) {
  claim <- c(list(kind = "survival"), data$filter, list(time = time, event = event, by = arrayed(by), missing = missing))
  if (!is.null(times)) claim$times <- I(times)
  dimensions <- lapply(by, dimension, data = data, missing = missing)
  at <- as.numeric(rep_len(evaluate(time, data$columns), data$rows))
  ended <- as.numeric(rep_len(evaluate(event, data$columns), data$rows))
  keep <- Reduce(`&`, lapply(dimensions, function(d) !is.na(d$codes)), data$kept & !is.na(at) & !is.na(ended))
  dimensions <- lapply(dimensions, keep_rows, rows = keep)
  labels <- lapply(dimensions, function(d) factor(d$labels[d$codes], levels = d$labels))
  names(labels) <- vapply(dimensions, `[[`, "", "name")
  frame <- data.frame(.time = at[keep], .event = ended[keep])
  frame$.group <- if (length(labels) == 0) factor(rep("all", nrow(frame))) else interaction(labels, sep = "\r", lex.order = TRUE, drop = TRUE)
  curves <- survival::survfit(survival::Surv(.time, .event) ~ .group, frame)
  shown <- summary(curves, censored = FALSE)
  digits <- policy("significant_digits", 8)
  groups <- if (is.null(shown$strata)) rep(levels(frame$.group), length(shown$time)) else sub("^\\.group=", "", as.character(shown$strata))
  rows <- lapply(seq_along(shown$time), function(i) c(
    if (length(labels) > 0) strsplit(groups[i], "\r", fixed = TRUE)[[1]],
    vapply(c(shown$time[i], shown$n.risk[i], shown$n.event[i], shown$surv[i], shown$std.err[i]), number_text, "", significant = digits)))
  header <- c(names(labels), "time", "at_risk", "events", "survival", "std_error")
  write_output(output, csv_text(list(header = header, rows = rows)), data$name, claim)
  note(curves, output, list())
}
