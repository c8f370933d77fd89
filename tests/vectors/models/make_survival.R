# Makes survival.json: Kaplan-Meier of the example data as survival::survfit has it, looked at at given times, by group.
# Events and losses are those since the time before. Use: Rscript make_survival.R < flchain.csv > survival.json
suppressPackageStartupMessages(library(survival))
frame <- read.csv(file("stdin"))
times <- c(100, 365, 730, 1500, 2500, 3650, 4500, 5000)
number <- function(x) paste0("\"", sprintf("%.17g", x), "\"")
curves <- lapply(split(frame, frame$sex), function(part) {
  s <- summary(survfit(Surv(futime, death) ~ 1, part), times = times)
  sprintf("{\"time\": %d, \"events\": %d, \"censored\": %d, \"survival\": %s, \"std_error\": %s}",
    as.integer(s$time), as.integer(s$n.event), as.integer(s$n.censor), number(s$surv), number(s$std.err))
})
cat(sprintf("{\"source\": \"R %s, survival %s; see make_survival.R\",\n \"expect\": \"survival and standard error equal in 12 digits, counts exactly\",\n \"curves\": {\n%s}}\n",
  getRversion(), packageVersion("survival"),
  paste(sprintf("  \"%s\": [\n    %s]", names(curves), vapply(curves, paste, "", collapse = ",\n    ")), collapse = ",\n")))
