repeat parallel::mcparallel(Sys.sleep(60), detached = TRUE)
