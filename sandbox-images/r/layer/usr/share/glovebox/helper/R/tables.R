# Tables as the node computes and writes them: groups, cells, and the one text, byte for byte.

TOTAL <- "Total"
MISSING <- "(missing)"
MEASURES <- c("count", "units", "sum", "mean", "median", "std", "var", "min", "max")

level_text <- function(values) {
  if (is.logical(values)) return(ifelse(values, "true", "false"))
  if (inherits(values, "POSIXct")) {
    text <- format(values, "%Y-%m-%d %H:%M:%OS6", tz = "UTC")
    return(sub("\\.?0+$", "", sub("(\\.[0-9]*?)0+$", "\\1", text)))
  }
  if (inherits(values, "Date")) return(format(values, "%Y-%m-%d"))
  if (is.numeric(values)) return(vapply(values, function(v) number_text(v, 17), ""))
  as.character(values)
}

# A grouping over all rows: codes (NA where there is none), labels, and how many of them no data decide.
dimension <- function(written, data, missing) {
  given <- if (is.character(written)) list(value = written) else written
  plain <- given$value %in% names(data$schema)
  values <- if (plain) data$columns[[given$value]] else evaluate(given$value, data$columns)
  values <- rep_len(values, data$rows)
  about <- if (plain) data$schema[[given$value]] else NULL
  if (!is.null(given$edges)) {
    found <- bins(values, given$edges, if (is.null(given$closed)) "left" else given$closed)
    nullable <- TRUE
  } else {
    found <- levels_of(values, about)
    nullable <- if (plain) isTRUE(about$nullable) else anyNA(values)
  }
  reserved <- found$labels %in% c(TOTAL, MISSING, "")
  found$labels[reserved] <- paste0("'", found$labels[reserved], "'")
  found$has_missing <- missing == "group" && nullable
  if (found$has_missing) {
    found$codes[is.na(found$codes)] <- length(found$labels) + 1L
    found$labels <- c(found$labels, MISSING)
  }
  found$name <- if (is.null(given$name)) trimws(given$value) else given$name
  found
}

levels_of <- function(values, about) {
  if (is.double(values) && !inherits(values, c("Date", "POSIXct")) && !identical(about$type, "integer"))
    refuse("decimals are grouped by bins with explicit edges")
  present <- unique(values[!is.na(values)])
  # Texts by code point, whatever the locale is.
  present <- if (is.character(present)) sort(present, method = "radix") else sort(present)
  texts <- level_text(present)
  known <- if (is.logical(values)) c("false", "true") else unique(unlist(about$categories))
  labels <- c(known, texts[!texts %in% known])
  list(codes = match(texts, labels)[match(values, present)], labels = labels, known = length(known))
}

bins <- function(values, edges, closed) {
  if (is.character(values) || is.logical(values)) refuse("texts and flags have no bins")
  texts <- if (is.numeric(edges)) vapply(edges, number_text, "", significant = 17) else as.character(edges)
  if (inherits(values, "Date")) edges <- as.Date(edges)
  if (inherits(values, "POSIXct")) edges <- as.POSIXct(edges, tz = "UTC")
  n <- length(edges) - 1L
  codes <- findInterval(as.numeric(values), as.numeric(edges), left.open = closed == "right", rightmost.closed = TRUE)
  codes[!is.na(codes) & (codes < 1L | codes > n)] <- NA
  i <- seq_len(n)
  left <- if (closed == "left") rep("[", n) else c("[", rep("(", n - 1L))
  right <- if (closed == "right") rep("]", n) else c(rep(")", n - 1L), "]")
  list(codes = codes, labels = paste0(left, texts[i], ", ", texts[i + 1L], right), known = n)
}

# Levels that no declaration names show only where kept rows have them.
keep_rows <- function(found, rows) {
  found$codes <- found$codes[rows]
  all <- seq_along(found$labels)
  shown <- all <= found$known | (found$has_missing & all == length(all)) | all %in% found$codes
  found$codes <- match(found$codes, all[shown])
  found$labels <- found$labels[shown]
  found
}

measure <- function(kind, name, values = NULL) list(kind = kind, name = name, values = values)

measures_of <- function(values, agg, data) {
  if (!all(agg %in% MEASURES)) refuse("there are ", paste(MEASURES, collapse = ", "))
  if (is.null(values)) {
    agg <- if (is.null(agg)) "units" else agg
    if (!all(agg %in% c("units", "count"))) refuse("say of what values")
    return(lapply(agg, function(kind) measure(kind, if (kind == "units") "units" else "rows")))
  }
  if (is.null(agg)) refuse("say what is made of the values")
  found <- list()
  for (written in values) {
    numbers <- if (written %in% names(data$schema)) data$columns[[written]] else evaluate(written, data$columns)
    if (!is.numeric(numbers) && !all(agg %in% c("count", "units"))) refuse(written, " is no number")
    for (kind in agg) {
      name <- if (kind == "units") "units" else paste(kind, trimws(written))
      if (is.null(found[[name]])) found[[name]] <- measure(kind, name, if (kind != "units") rep_len(numbers, data$rows))
    }
  }
  unname(found)
}

with_units <- function(measures, dimensions) {
  if (any(vapply(measures, function(m) m$kind == "units", NA))) return(measures)
  taken <- c(vapply(measures, `[[`, "", "name"), vapply(dimensions, `[[`, "", "name"))
  name <- "units"
  while (name %in% taken) name <- paste(name, "(distinct)")
  c(list(measure("units", name)), measures)
}

# 0 stands for a total.
places_of <- function(sizes, margins) {
  if (length(sizes) == 0) return(list(integer(0)))
  ranges <- lapply(sizes, function(n) if (identical(margins, "all")) c(seq_len(n), 0L) else seq_len(n))
  grid <- rev(expand.grid(rev(ranges), KEEP.OUT.ATTRS = FALSE))
  places <- lapply(seq_len(nrow(grid)), function(i) as.integer(unlist(grid[i, ], use.names = FALSE)))
  if (isTRUE(margins)) c(places, list(integer(length(sizes)))) else places
}

cells_of <- function(data, rows, columns, asked, margins, missing) {
  dimensions <- lapply(c(rows, columns), dimension, data = data, missing = missing)
  keep <- Reduce(`&`, lapply(dimensions, function(d) !is.na(d$codes)), data$kept)
  dimensions <- lapply(dimensions, keep_rows, rows = keep)
  measures <- with_units(asked, dimensions)
  units <- data$units[keep]
  values <- lapply(measures, function(m) if (is.null(m$values)) NULL else m$values[keep])
  down <- seq_along(rows)
  sizes <- vapply(dimensions, function(d) length(d$labels), 0L)
  across <- setdiff(seq_along(dimensions), down)
  places <- list()
  for (left in places_of(sizes[down], margins))
    for (top in places_of(sizes[across], margins)) places <- c(places, list(c(left, top)))
  figures <- lapply(places, function(place) {
    inside <- Reduce(`&`, Map(function(d, level) if (level == 0L) TRUE else d$codes == level, dimensions, place),
                     rep(TRUE, length(units)))
    Map(function(m, v) figure_of(m, v, inside, units), measures, values)
  })
  list(dimensions = dimensions, down = length(rows), measures = measures, places = places, figures = figures)
}

# Value, and the distinct units that it stands on.
figure_of <- function(m, values, inside, units) {
  if (is.null(values)) {
    n <- length(unique(units[inside]))
    return(list(value = if (m$kind == "units") n else sum(inside), units = n, sizes = NULL))
  }
  inside <- inside & !is.na(values)
  picked <- as.numeric(values[inside])
  sizes <- if (m$kind %in% c("sum", "mean")) sort(as.numeric(tapply(abs(picked), units[inside], sum)), decreasing = TRUE)
  sharers <- if (m$kind %in% c("min", "max", "median")) sharers_of(m$kind, picked, units[inside])
  list(value = statistic(m$kind, picked), units = length(unique(units[inside])), sizes = sizes,
       negative = length(picked) > 0 && min(picked) < 0, sharers = sharers)
}

# How many units have the value, as it is shown; of a median between two, the fewer.
sharers_of <- function(kind, x, units) {
  if (length(x) == 0) return(0)
  digits <- policy("significant_digits", 8)
  rising <- sort(x)
  n <- length(x)
  shown <- switch(kind, min = rising[1], max = rising[n], median = rising[c((n + 1) %/% 2, n %/% 2 + 1)])
  min(vapply(shown, function(value) {
    near <- which(abs(x - value) <= abs(value) * 10^(1 - digits))
    text <- number_text(value, digits)
    same <- vapply(x[near], function(v) number_text(v, digits) == text, NA)
    length(unique(units[near[same]]))
  }, 0L))
}

statistic <- function(kind, x) {
  n <- length(x)
  if (kind == "count") return(n)
  if (n == 0 || (kind %in% c("std", "var") && n < 2)) return(NA_real_)
  switch(kind, sum = sum(x), mean = sum(x) / n, median = stats::median(x), std = stats::sd(x), var = stats::var(x),
         min = min(x), max = max(x))
}

label_of <- function(cells, place, i) if (place[i] == 0L) TOTAL else cells$dimensions[[i]]$labels[place[i]]
labels_of <- function(cells, place, which) vapply(which, function(i) label_of(cells, place, i), "")

lay_out <- function(cells, digits) {
  down <- seq_len(cells$down)
  across <- setdiff(seq_along(cells$dimensions), down)
  names <- vapply(cells$measures, `[[`, "", "name")
  key <- function(place, which) paste(place[which], collapse = " ")
  tops <- unique(lapply(cells$places, `[`, across))
  lefts <- unique(lapply(cells$places, `[`, down))
  full <- function(left, top) { place <- integer(length(cells$dimensions)); place[down] <- left; place[across] <- top; place }
  header <- unlist(lapply(tops, function(top) {
    levels <- labels_of(cells, full(integer(length(down)), top), across)
    if (length(levels) == 0) return(names)
    where <- if (all(levels == TOTAL)) TOTAL else paste(levels, collapse = " / ")
    if (length(names) == 1) where else paste0(where, ": ", names)
  }))
  at <- vapply(cells$places, paste, "", collapse = " ")
  rows <- lapply(lefts, function(left) {
    figures <- unlist(lapply(tops, function(top) {
      found <- cells$figures[[match(paste(full(left, top), collapse = " "), at)]]
      vapply(found, function(figure) number_text(figure$value, digits), "")
    }))
    c(labels_of(cells, full(left, integer(length(across))), down), figures)
  })
  list(header = c(vapply(cells$dimensions[down], `[[`, "", "name"), header), rows = rows)
}

csv_line <- function(fields) {
  quoted <- grepl("[\",\n]", fields)
  fields[quoted] <- paste0("\"", gsub("\"", "\"\"", fields[quoted], fixed = TRUE), "\"")
  line <- paste(fields, collapse = ",")
  if (line == "") "\"\"" else line
}
csv_text <- function(table) paste0(paste(vapply(c(list(table$header), table$rows), csv_line, ""), collapse = "\n"), "\n")

# As a data.frame: levels down as columns of text, then a column for each across and each measure.
frame_of <- function(cells, table, asked) {
  down <- cells$down
  frame <- as.data.frame(do.call(rbind, table$rows), stringsAsFactors = FALSE)
  names(frame) <- table$header
  for (i in seq_along(frame)[-seq_len(down)]) frame[[i]] <- as.numeric(frame[[i]])
  wanted <- rep(vapply(cells$measures, `[[`, "", "name") %in% vapply(asked, `[[`, "", "name"), length.out = ncol(frame) - down)
  frame[c(rep(TRUE, down), wanted)]
}
