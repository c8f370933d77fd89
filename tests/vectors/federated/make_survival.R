# Makes survival.json: Kaplan-Meier and log-rank of the pooled example data as R's survival has them, of times rounded up
# to given ends; what lies after the last end is without the event there.
# Use, in the R image: Rscript make_survival.R < given > survival.json, where given holds of each of flchain and nafld1 a line
# with its name, a tab and its number of lines, and then its CSV; tests/federated/statistic/pooled-peers.ts does it.
suppressPackageStartupMessages(library(survival))
lines <- readLines(file("stdin"))
frames <- list()
while (length(lines) > 1) {
  head <- strsplit(lines[1], "\t")[[1]]
  count <- as.integer(head[2])
  frames[[head[1]]] <- read.csv(text = lines[2:(count + 1)])
  lines <- lines[-(1:(count + 1))]
}
number <- function(x) paste0("\"", sprintf("%.17g", x), "\"")
cases <- list(
  list(data = "flchain", time = "futime", event = "death", by = "sex", times = c(365, 730, 1500, 2500, 3650, 4500, 5300)),
  list(data = "flchain", time = "futime", event = "death", by = "flc.grp", times = c(100, 365, 730, 1500, 2500, 3650)),
  list(data = "nafld1", time = "futime", event = "status", by = "male", times = seq(90, 7290, by = 90)),
  list(data = "nafld1", time = "futime", event = "status", by = "male", times = c(1000, 3000))
)
written <- lapply(cases, function(case) {
  frame <- frames[[case$data]]
  k <- findInterval(frame[[case$time]], case$times, left.open = TRUE) + 1
  ends <- c(case$times, max(case$times) + 1)
  group <- frame[[case$by]]
  time <- ends[k]
  event <- ifelse(k > length(case$times), 0, frame[[case$event]])
  test <- survdiff(Surv(time, event) ~ group)
  curves <- lapply(split(data.frame(time, event), group), function(part) {
    s <- summary(survfit(Surv(time, event) ~ 1, part), times = case$times)
    sprintf("{\"time\": %g, \"at_risk\": %d, \"survival\": %s, \"std_error\": %s}",
      s$time, as.integer(s$n.risk), number(s$surv), number(s$std.err))
  })
  sprintf("{\"data\": \"%s\", \"time\": \"%s\", \"event\": \"%s\", \"by\": \"%s\", \"times\": [%s],\n  \"chi_square\": %s, \"degrees\": %d, \"p_value\": %s,\n  \"observed\": [%s], \"expected\": [%s],\n  \"curves\": {%s}}",
    case$data, case$time, case$event, case$by, paste(case$times, collapse = ", "),
    number(test$chisq), length(test$n) - 1L, number(pchisq(test$chisq, length(test$n) - 1, lower.tail = FALSE)),
    paste(test$obs, collapse = ", "), paste(number(test$exp), collapse = ", "),
    paste(sprintf("\"%s\": [\n    %s]", names(curves), vapply(curves, paste, "", collapse = ",\n    ")), collapse = ",\n  "))
})
cat(sprintf("{\"source\": \"R %s, survival %s; see make_survival.R\",\n \"expect\": \"equal to a relative 1e-11, counts exactly\",\n \"cases\": [\n  %s]}\n",
  getRversion(), packageVersion("survival"), paste(written, collapse = ",\n  ")))
