# Runs in the image, as root and without a network, over the files of `layer`.
source=/usr/share/glovebox/helper
R CMD INSTALL --no-docs --no-test-load --built-timestamp='2023-11-14 22:13:20 UTC' --library=/usr/lib/R/site-library "$source" >/tmp/install.log 2>&1 || { cat /tmp/install.log; exit 1; }
rm -rf "$source" /tmp/*
Rscript --vanilla -e 'invisible(library(glovebox))'
