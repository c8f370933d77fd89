# JSON, as little of it as the claims and the context need: the image has no package for it.

read_json <- function(text) {
  chars <- strsplit(text, "", fixed = TRUE)[[1]]
  at <- 1L
  skip <- function() while (at <= length(chars) && chars[at] %in% c(" ", "\n", "\t", "\r")) at <<- at + 1L
  expect <- function(sign) {
    if (!identical(chars[at], sign)) refuse("the context is damaged")
    at <<- at + 1L
  }
  escapes <- c(n = "\n", t = "\t", r = "\r", b = "\b", f = "\f", "\"" = "\"", "\\" = "\\", "/" = "/")
  string <- function() {
    expect("\"")
    parts <- character(0)
    while (chars[at] != "\"") {
      if (chars[at] == "\\") {
        at <<- at + 1L
        if (chars[at] == "u") {
          parts <- c(parts, intToUtf8(strtoi(paste(chars[at + 1:4], collapse = ""), 16L)))
          at <<- at + 4L
        } else parts <- c(parts, escapes[[chars[at]]])
      } else parts <- c(parts, chars[at])
      at <<- at + 1L
    }
    at <<- at + 1L
    paste(parts, collapse = "")
  }
  many <- function(close, one) {
    at <<- at + 1L
    found <- list()
    skip()
    while (chars[at] != close) {
      found <- one(found)
      skip()
      if (chars[at] == ",") { at <<- at + 1L; skip() }
    }
    at <<- at + 1L
    found
  }
  value <- function() {
    skip()
    if (chars[at] == "{") return(many("}", function(found) {
      name <- string(); skip(); expect(":")
      inner <- value()
      found[name] <- list(inner)
      found
    }))
    if (chars[at] == "[") return(many("]", function(found) { inner <- value(); c(found, list(inner)) }))
    if (chars[at] == "\"") return(string())
    from <- at
    while (at <= length(chars) && grepl("[-+.0-9a-zA-Z]", chars[at])) at <<- at + 1L
    word <- paste(chars[seq(from, at - 1L)], collapse = "")
    switch(word, "true" = TRUE, "false" = FALSE, "null" = NULL, as.numeric(word))
  }
  value()
}

json_text <- function(text) {
  text <- enc2utf8(text)
  text <- gsub("\\", "\\\\", text, fixed = TRUE)
  text <- gsub("\"", "\\\"", text, fixed = TRUE)
  for (code in 1:31) text <- gsub(intToUtf8(code), sprintf("\\u%04x", code), text, fixed = TRUE)
  paste0("\"", text, "\"")
}

# Lists without names are arrays, as are those marked by `I`; single texts, numbers and flags are themselves.
write_json <- function(value) {
  if (is.null(value)) return("null")
  if (is.list(value) && !is.null(names(value))) {
    members <- mapply(function(name, inner) paste0(json_text(name), ":", write_json(inner)), names(value), value)
    return(paste0("{", paste(members, collapse = ","), "}"))
  }
  if (is.list(value) || inherits(value, "AsIs") || length(value) != 1)
    return(paste0("[", paste(vapply(as.list(value), write_json, ""), collapse = ","), "]"))
  if (is.character(value)) return(json_text(value))
  if (is.logical(value)) return(if (value) "true" else "false")
  number_text(value, 17)
}
