#!/bin/sh
# Last step of the build, outside the image; $1 is its root folder.
# Takes away what a run must not have, and proves that what it needs loads.
set -eu
root=$1

# Mount points of a run, and none of the build machine's names.
mkdir -p "$root/data" "$root/work" "$root/out"
rm -f "$root/etc/hostname" "$root/etc/resolv.conf" "$root/etc/machine-id"

# No program gives a run more than its own user has.
find "$root" -xdev -type f -perm /6000 -exec chmod a-s {} +

# R_ENVIRON_USER and the like are empty: a run reads no profile but the image's own.
chroot "$root" env -i PATH=/usr/bin:/bin HOME=/tmp LANG=C.UTF-8 Rscript --vanilla -e \
  'invisible(suppressPackageStartupMessages(lapply(c("survival", "MASS", "Matrix", "nlme", "mgcv", "boot", "rpart", "dplyr", "lubridate"), library, character.only = TRUE)))' \
  >/dev/null

# What the build left behind: its own settings and lists of apt, caches, logs.
rm -rf "$root"/tmp/* "$root"/tmp/.[!.]* "$root"/root/.cache "$root"/var/cache/* "$root"/var/log/* \
  "$root"/var/lib/apt/lists/* "$root"/etc/apt/apt.conf.d/99mmdebstrap
chmod 1777 "$root/tmp"
