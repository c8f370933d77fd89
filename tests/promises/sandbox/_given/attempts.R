# Given to every hostile R program: tries things, and prints what came of each as one JSON object.
results <- character()
attempt <- function(name, expression) {
  outcome <- tryCatch({
    force(expression)
    "done"
  }, warning = function(w) "warned", error = function(e) "stopped", interrupt = function(i) "interrupted")
  results[[name]] <<- outcome
}
# A command that does not end well is an error; what it prints goes nowhere.
command <- function(...) {
  status <- system2(..., stdout = FALSE, stderr = FALSE)
  if (status != 0) stop(status)
}
report <- function() {
  cat("{", paste(sprintf("\"%s\":\"%s\"", names(results), results), collapse = ","), "}\n", sep = "")
}
