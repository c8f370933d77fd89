# The file by which the node is told what a table or model is of: a line of JSON an output, appended, the last one counts.

FILE <- ".glovebox.claims"

write_output <- function(output, text, dataset, claim) {
  if (grepl("/", output, fixed = TRUE) || startsWith(output, ".glovebox")) refuse("is no name of an output: ", output)
  place <- file(file.path(out_folder(), output), open = "wb")
  writeBin(charToRaw(enc2utf8(text)), place)
  close(place)
  line <- write_json(list(output = output, dataset = dataset, syntax = "r", claim = claim))
  place <- file(file.path(out_folder(), FILE), open = "ab")
  writeBin(charToRaw(enc2utf8(paste0(line, "\n"))), place)
  close(place)
}

note <- function(result, output, findings) {
  for (finding in findings) tell(output, ": ", finding[["verdict"]], " (", finding[["rule"]], "): ", finding[["message"]])
  if (length(findings) == 0) tell(output, ": nothing to object to, as far as is seen here")
  attr(result, "glovebox") <- list(output = output, findings = findings)
  result
}
