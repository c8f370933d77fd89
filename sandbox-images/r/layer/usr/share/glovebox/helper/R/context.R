# What the node says beside the data: columns, levels, and the figures that outputs are held to.

refuse <- function(...) stop(paste0(...), call. = FALSE)

setting <- function(name, usual) {
  value <- Sys.getenv(name)
  if (nzchar(value)) value else usual
}
data_folder <- function() setting("GLOVEBOX_DATA", "/data")
out_folder <- function() setting("GLOVEBOX_OUT", "/out")
is_dry_run <- function() identical(Sys.getenv("GLOVEBOX_MODE"), "dry_run")

# To whoever rehearses. A real run says nothing by itself: its log would have to be reviewed.
tell <- function(...) if (is_dry_run()) cat("glovebox: ", ..., "\n", sep = "", file = stderr())

kept <- new.env(parent = emptyenv())

# The file that the node puts beside the Views; outside of a run, what holds on the usual grade.
context <- function() {
  if (is.null(kept$context)) {
    path <- file.path(data_folder(), ".glovebox.json")
    text <- if (file.exists(path)) readChar(path, file.size(path), useBytes = TRUE) else '{"policy":{},"datasets":{}}'
    Encoding(text) <- "UTF-8"
    kept$context <- read_json(text)
  }
  kept$context
}

policy <- function(name, usual) {
  value <- context()$policy[[name]]
  if (is.null(value)) usual else value
}
