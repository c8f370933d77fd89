# Conditions and expressions as the node reads them. R's own rule for missing values is the node's, but for `%in%`.

functions <- list(
  `%in%` = function(x, table) { found <- match(x, table, nomatch = 0L) > 0L; found[is.na(x)] <- NA; found },
  between = function(x, low, high) x >= low & x <= high,
  coalesce = function(x, ...) { for (other in list(...)) x[is.na(x)] <- rep_len(other, length(x))[is.na(x)]; x },
  if_else = function(condition, yes, no) ifelse(condition, yes, no),
  case_when = function(...) {
    branches <- list(...)
    found <- NULL
    for (branch in rev(branches)) found <- ifelse(!is.na(branch$when) & branch$when, branch$then, if (is.null(found)) NA else found)
    found
  },
  `~` = function(when, then) list(when = when, then = then),
  `/` = function(a, b) finite(base::`/`(a, b)),
  log = function(x) suppressWarnings(finite(base::log(x))),
  sqrt = function(x) suppressWarnings(finite(base::sqrt(x))),
  exp = function(x) finite(base::exp(x)),
  year = function(d) as.POSIXlt(d)$year + 1900L,
  quarter = function(d) as.POSIXlt(d)$mon %/% 3L + 1L,
  month = function(d) as.POSIXlt(d)$mon + 1L,
  day = function(d) as.POSIXlt(d)$mday,
  hour = function(d) as.POSIXlt(d)$hour,
  minute = function(d) as.POSIXlt(d)$min,
  wday = function(d, week_start = 1) (as.POSIXlt(d)$wday - week_start) %% 7L + 1L
)
for (name in c("+", "-", "*", "^")) functions[[name]] <- local({
  operation <- get(name, envir = baseenv())
  function(a, b) {
    found <- if (missing(b)) operation(a) else operation(a, b)
    if (is.double(found) && is.null(attr(found, "class"))) finite(found) else found
  }
})
for (name in c("==", "!=", "<", "<=", ">", ">=", "&", "|", "!", "(", "is.na", "abs", "c", "ifelse",
               "startsWith", "endsWith", "as.Date", "as.POSIXct", "as.numeric"))
  functions[[name]] <- get(name, envir = baseenv())

# NaN and infinities are no values.
finite <- function(x) { x[!is.finite(x)] <- NA; x }

# The text is run over the columns and the functions above, and nothing else: it is the researcher's own program.
evaluate <- function(text, columns) {
  parsed <- tryCatch(parse(text = text, keep.source = FALSE), error = function(e) refuse("cannot read: ", text))
  if (length(parsed) != 1) refuse("cannot read: ", text)
  value <- eval(parsed[[1]], columns, list2env(functions, parent = emptyenv()))
  if (inherits(value, "difftime")) value <- as.numeric(value, units = "days")
  if (is.double(value)) finite(value) else value
}

keeps <- function(text, columns, rows) {
  value <- evaluate(text, columns)
  if (!is.logical(value)) refuse("is no condition: ", text)
  rep_len(value & !is.na(value), rows)
}
