# What the checks will say of a table, told at once: a preview of the node's own rules, which have the last word.

preview <- function(cells) {
  least <- policy("threshold", 10)
  found <- list()
  say <- function(rule, verdict, ...) found <<- c(found, list(c(rule = rule, verdict = verdict, message = paste0(...))))
  name_cells <- function(which, m) {
    shown <- vapply(cells$places[utils::head(which, 5)], function(place)
      paste(labels_of(cells, place, seq_along(place)), collapse = " / "), "")
    more <- if (length(which) > 5) paste(" and", length(which) - 5, "more") else ""
    paste0(paste(ifelse(shown == "", "all", shown), collapse = "; "), more, if (length(cells$measures) > 1) paste(" of", cells$measures[[m]]$name))
  }
  told <- integer(0)
  for (m in seq_along(cells$measures)) {
    units <- vapply(cells$figures, function(f) as.numeric(f[[m]]$units), 0)
    small <- setdiff(which(units > 0 & units < least), told)
    told <- c(told, small)
    if (length(small) > 0) say("threshold", "fail", "fewer than ", least, " units in ", name_cells(small, m))
    kind <- cells$measures[[m]]$kind
    if (kind %in% c("sum", "mean")) {
      sizes <- lapply(cells$figures, function(f) f[[m]]$sizes)
      dominated <- which(vapply(sizes, function(s) sum(s) > 0 && any(vapply(policy("dominance", list(list(n = 2, k = 0.9))),
        function(rule) sum(utils::head(s, rule$n)) / sum(s) >= rule$k, NA)), NA))
      if (length(dominated) > 0) say("dominance", "fail", "few units hold most of ", name_cells(dominated, m))
    }
    if (kind %in% c("min", "max", "median")) {
      alone <- which(vapply(cells$figures, function(f) !is.na(f[[m]]$value) && f[[m]]$sharers < least, NA))
      if (length(alone) > 0) say("single_value", "fail", "a value of fewer than ", least, " units in ", name_cells(alone, m))
    }
  }
  found
}
