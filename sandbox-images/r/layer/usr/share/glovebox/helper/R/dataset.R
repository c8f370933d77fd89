#' A dataset as a job's grant shows it.
#'
#' d <- glovebox::dataset("flchain")
#' d$where("age >= 60")$crosstab("flc.grp", "sex", output = "t1.csv")
#'
#' The verbs are members: where, frame, crosstab, pivot_table, describe, table, hist, survival, ols, logit, probit,
#' poisson, cox. Each returns the ordinary object of R, writes the output and beside it a claim.
dataset <- function(name = NULL) {
  known <- names(context()$datasets)
  if (is.null(name) && length(known) == 1) name <- known
  path <- file.path(data_folder(), paste0(name, ".csv"))
  if (is.null(name) || !file.exists(path)) refuse("the job has no dataset ", name, "; it has: ", paste(known, collapse = ", "))
  # Text as it is: "NA" is a text, and an empty field is what is missing.
  frame <- utils::read.csv(path, check.names = FALSE, colClasses = "character", na.strings = "", encoding = "UTF-8")
  made(name, frame, typed(name, frame), character(0))
}

typed <- function(name, frame) {
  about <- context()$datasets[[name]]
  schema <- if (is.null(about)) lapply(frame, guessed) else stats::setNames(about$columns, vapply(about$columns, `[[`, "", "name"))
  columns <- lapply(stats::setNames(names(schema), names(schema)), function(column) {
    text <- frame[[column]]
    switch(schema[[column]]$type,
      integer = whole(text), decimal = finite(as.numeric(text)), boolean = tolower(text) == "true",
      date = as.Date(text), timestamp = as.POSIXct(text, tz = "UTC", format = "%Y-%m-%d %H:%M:%OS"), text)
  })
  list(schema = schema, columns = columns, unit = about$unit, row_is_unit = is.null(about) || isTRUE(about$row_is_unit))
}

# Whole numbers beyond R's own are doubles.
whole <- function(text) {
  number <- as.numeric(text)
  if (all(is.na(number) | abs(number) < .Machine$integer.max)) as.integer(number) else number
}

guessed <- function(text) {
  number <- suppressWarnings(as.numeric(text))
  type <- if (anyNA(number[!is.na(text)])) "text" else if (all(is.na(number) | number %% 1 == 0)) "integer" else "decimal"
  list(type = type, nullable = anyNA(text))
}

arrayed <- function(list) lapply(list, function(one) if (is.list(one)) { one$edges <- I(one$edges); one } else one)
listed <- function(given) if (is.null(given)) list() else if (is.list(given) && !is.null(given$value)) list(given) else as.list(given)

made <- function(name, frame, typed, conditions) {
  data <- c(typed, list(name = name, rows = nrow(frame)))
  data$kept <- rep(TRUE, data$rows)
  for (condition in conditions) data$kept <- data$kept & keeps(condition, data$columns, data$rows)
  # Where the grant drops the unit's column, rows are counted here; the node counts units all the same.
  data$units <- if (data$row_is_unit || is.null(data$unit)) seq_len(data$rows) else match(frame[[data$unit]], frame[[data$unit]])
  data$filter <- if (length(conditions) == 0) list() else
    list(where = if (length(conditions) == 1) conditions else paste0("(", conditions, ")", collapse = " & "))
  data$shown <- function() {
    shown <- as.data.frame(data$columns, optional = TRUE, stringsAsFactors = FALSE)[data$kept, , drop = FALSE]
    rownames(shown) <- NULL
    shown
  }
  tabled <- function(rows, columns, values, agg, margins, missing, protect, output) {
    rows <- listed(rows)
    columns <- listed(columns)
    claim <- c(list(kind = "table"), data$filter, list(rows = arrayed(rows), columns = arrayed(columns), margins = margins, missing = missing))
    if (!is.null(values)) claim$values <- I(values)
    if (!is.null(agg)) claim$agg <- I(agg)
    written(claim, rows, columns, measures_of(values, agg, data), margins, missing, protect, output)
  }
  written <- function(claim, rows, columns, asked, margins, missing, protect, output) {
    if (!is.null(protect)) claim$protect <- if (is.character(protect)) list(how = protect) else protect
    cells <- cells_of(data, rows, columns, asked, margins, missing)
    table <- lay_out(cells, policy("significant_digits", 8))
    write_output(output, csv_text(table), name, claim)
    note(frame_of(cells, table, asked), output, preview(cells))
  }
  structure(list(
    name = name, rows = data$rows, kept = sum(data$kept), conditions = conditions,
    where = function(condition) {
      given <- substitute(condition)
      text <- if (is.call(given)) paste(deparse(given, width.cutoff = 500L), collapse = " ") else condition
      made(name, frame, typed, c(conditions, text))
    },
    frame = data$shown,
    table = function(rows = NULL, columns = NULL, values = NULL, agg = NULL, margins = FALSE, missing = "drop", protect = NULL, output = "table.csv")
      tabled(rows, columns, values, agg, margins, missing, protect, output),
    crosstab = function(index, columns = NULL, values = NULL, aggfunc = NULL, margins = FALSE, missing = "drop", protect = NULL, output = "crosstab.csv")
      tabled(index, columns, values, aggfunc, margins, missing, protect, output),
    pivot_table = function(values, index, columns = NULL, aggfunc = "mean", margins = FALSE, missing = "drop", protect = NULL, output = "pivot_table.csv")
      tabled(index, columns, values, aggfunc, margins, missing, protect, output),
    describe = function(values = NULL, by = NULL, agg = c("count", "mean", "std"), missing = "drop", protect = NULL, output = "describe.csv") {
      if (is.null(values)) values <- names(Filter(function(s) s$type %in% c("integer", "decimal"), data$schema))
      by <- listed(by)
      claim <- c(list(kind = "summary"), data$filter, list(values = I(values), by = arrayed(by), agg = I(agg), missing = missing))
      written(claim, by, list(), measures_of(values, agg, data), FALSE, missing, protect, output)
    },
    hist = function(value, bins, closed = "left", protect = NULL, output = "hist.csv") {
      claim <- c(list(kind = "histogram"), data$filter, list(value = value, edges = I(bins), closed = closed))
      rows <- list(list(value = value, edges = bins, closed = closed))
      written(claim, rows, list(), list(measure("units", "units")), FALSE, "drop", protect, output)
    },
    survival = function(time, event, by = NULL, times = NULL, missing = "drop", output = "survival.csv")
      survival_curves(data, time, event, listed(by), times, missing, output),
    ols = function(formula, output = "ols.json") regression(data, "ols", formula, output),
    logit = function(formula, output = "logit.json") regression(data, "logit", formula, output),
    probit = function(formula, output = "probit.json") regression(data, "probit", formula, output),
    poisson = function(formula, output = "poisson.json") regression(data, "poisson", formula, output),
    cox = function(formula, ties = "efron", output = "cox.json") regression(data, "cox", formula, output, ties)
  ), class = "glovebox_dataset")
}

print.glovebox_dataset <- function(x, ...) {
  where <- if (length(x$conditions) > 0) paste0(" where ", paste(x$conditions, collapse = " & ")) else ""
  cat("glovebox dataset ", x$name, where, ": ", x$kept, " of ", x$rows, " rows\n", sep = "")
  invisible(x)
}
