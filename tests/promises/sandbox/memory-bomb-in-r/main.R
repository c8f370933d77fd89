hoard <- list()
repeat hoard[[length(hoard) + 1]] <- rep(1, 2^20)
