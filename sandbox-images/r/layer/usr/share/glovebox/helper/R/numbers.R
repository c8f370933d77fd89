# Numbers as the node writes them: rounded half to even on their decimal text, in the form of ECMAScript.

# The fewest digits that read back as the same double: a whole mantissa and its exponent of ten.
shortest <- function(value) {
  for (digits in 15:17) {
    text <- sprintf("%.*e", digits - 1L, abs(value))
    if (as.numeric(text) == abs(value)) break
  }
  parts <- strsplit(text, "e", fixed = TRUE)[[1]]
  list(digits = sub("0+$", "", gsub(".", "", parts[1], fixed = TRUE)), exponent = as.integer(parts[2]))
}

# 0.digits * 10^point, to so many digits.
round_digits <- function(digits, point, significant) {
  if (nchar(digits) <= significant) return(list(digits = digits, point = point))
  kept <- as.integer(strsplit(substr(digits, 1, significant), "")[[1]])
  rest <- substr(digits, significant + 1, nchar(digits))
  is_tie <- rest == "5"
  up <- if (is_tie) kept[significant] %% 2L == 1L else substr(rest, 1, 1) >= "5"
  if (up) {
    at <- significant
    while (at > 0 && kept[at] == 9L) { kept[at] <- 0L; at <- at - 1L }
    if (at == 0) { kept <- c(1L, kept); point <- point + 1L } else kept[at] <- kept[at] + 1L
  }
  list(digits = sub("0+$", "", paste(kept, collapse = "")), point = point)
}

number_text <- function(value, significant) {
  if (is.na(value) || !is.finite(value)) return("")
  if (value == 0) return("0")
  exact <- shortest(value)
  found <- round_digits(exact$digits, exact$exponent + 1L, significant)
  digits <- found$digits
  point <- found$point
  sign <- if (value < 0) "-" else ""
  k <- nchar(digits)
  zeros <- function(n) strrep("0", n)
  if (k <= point && point <= 21) return(paste0(sign, digits, zeros(point - k)))
  if (0 < point && point <= 21) return(paste0(sign, substr(digits, 1, point), ".", substr(digits, point + 1, k)))
  if (-6 < point && point <= 0) return(paste0(sign, "0.", zeros(-point), digits))
  e <- point - 1L
  fraction <- if (k == 1) "" else paste0(".", substr(digits, 2, k))
  paste0(sign, substr(digits, 1, 1), fraction, "e", if (e < 0) "-" else "+", abs(e))
}
