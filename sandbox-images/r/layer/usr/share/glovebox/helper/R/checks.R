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
    if (kind %in% c("sum", "mean")) for (told_of in contributions_told(cells, m))
      say(told_of$rule, told_of$verdict, told_of$text, " ", name_cells(told_of$which, m))
    if (kind %in% c("min", "max", "median")) {
      alone <- which(vapply(cells$figures, function(f) !is.na(f[[m]]$value) && f[[m]]$sharers < least, NA))
      if (length(alone) > 0) say("single_value", "fail", "a value of fewer than ", least, " units in ", name_cells(alone, m))
    }
  }
  lines <- lines_of_one_cell(cells)
  units <- which(vapply(cells$measures, `[[`, "", "kind") == "units")
  verdict <- policy("class_disclosure", "fail")
  if (verdict != "off" && length(lines) > 0)
    say("class_disclosure", verdict, "all units of a line fall into ", name_cells(lines, units[1]))
  found[order(match(vapply(found, `[[`, "", "verdict"), c("fail", "review", "pass")))]
}

# Cells of a sum or mean whose largest units hold too much of it, can be told from the second largest, or differ in sign.
contributions_told <- function(cells, m) {
  sizes <- lapply(cells$figures, function(f) f[[m]]$sizes)
  mixed <- vapply(cells$figures, function(f) isTRUE(f[[m]]$negative), NA)
  judged <- !mixed & vapply(sizes, function(s) length(s) > 0 && sum(s) > 0, NA)
  rules <- policy("dominance", list(list(n = 2, k = 0.9)))
  dominated <- judged & vapply(sizes, function(s)
    any(vapply(rules, function(rule) sum(utils::head(s, rule$n)) / max(sum(s), 1e-300) >= rule$k, NA)), NA)
  p <- policy("p_ratio", 0.1)
  close <- judged & p > 0 & vapply(sizes, function(s) length(s) > 0 && (sum(s) - sum(utils::head(s, 2))) / s[1] < p, NA)
  all <- list(
    list(rule = "dominance", verdict = "fail", text = "few units hold most of", which = which(dominated)),
    list(rule = "p_ratio", verdict = "fail", text = "the largest unit can be told closely from", which = which(close)),
    list(rule = "negatives", verdict = "review", text = "contributions of both signs in", which = which(mixed)))
  Filter(function(one) length(one$which) > 0, all)
}

# Of a table down and across: the cells that hold all units of a row or a column of several.
lines_of_one_cell <- function(cells) {
  if (length(cells$dimensions) != 2) return(integer(0))
  unit <- which(vapply(cells$measures, `[[`, "", "kind") == "units")[1]
  filled <- vapply(cells$figures, function(f) f[[unit]]$value > 0, NA)
  inner <- vapply(cells$places, function(place) all(place > 0L), NA)
  found <- integer(0)
  for (side in 1:2) for (level in seq_along(cells$dimensions[[side]]$labels)) {
    line <- which(inner & vapply(cells$places, function(place) place[side] == level, NA))
    if (length(line) > 1 && sum(filled[line]) == 1) found <- c(found, line[filled[line]])
  }
  found
}
