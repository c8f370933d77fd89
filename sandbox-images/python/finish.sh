#!/bin/sh
# Last step of the build, outside the image; $1 is its root folder.
# Makes what a run would otherwise do at each start, and takes away what a run must not have.
set -eu
root=$1

# Mount points of a run, and none of the build machine's names.
mkdir -p "$root/data" "$root/work" "$root/out"
rm -f "$root/etc/hostname" "$root/etc/resolv.conf" "$root/etc/machine-id"

# No program gives a run more than its own user has.
find "$root" -xdev -type f -perm /6000 -exec chmod a-s {} +

# Matplotlib's list of fonts: without it each run would search the fonts again. sitecustomize.py puts it in place.
mkdir -p "$root/usr/share/glovebox/matplotlib"
chroot "$root" env -i PATH=/usr/bin:/bin MPLCONFIGDIR=/usr/share/glovebox/matplotlib MPLBACKEND=Agg \
  python3 -c 'import matplotlib.font_manager'
# In the order of their files: matplotlib finds them in the order of the build machine's file system.
chroot "$root" env -i PATH=/usr/bin:/bin python3 -c '
import glob, json
for path in glob.glob("/usr/share/glovebox/matplotlib/fontlist-*.json"):
    with open(path) as f: fonts = json.load(f)
    for kind in ("afmlist", "ttflist"): fonts[kind].sort(key=lambda font: font["fname"])
    with open(path, "w") as f: json.dump(fonts, f, indent=2)
'

# Compiled modules, trusted as they are: the image is read-only, and its time stamps are set by the build.
chroot "$root" env -i PATH=/usr/bin:/bin \
  python3 -m compileall -q -f -j 0 --invalidation-mode unchecked-hash /usr/lib/python3.11 /usr/lib/python3 \
  >/dev/null 2>&1 || true # some packages carry test files that are not meant to compile

chroot "$root" env -i PATH=/usr/bin:/bin HOME=/tmp python3 -c \
  'import numpy, pandas, scipy, statsmodels.api, sklearn.linear_model, matplotlib.pyplot, lxml'

# What the build left behind: its own settings and lists of apt, caches, logs.
rm -rf "$root"/tmp/* "$root"/tmp/.[!.]* "$root"/root/.cache "$root"/var/cache/* "$root"/var/log/* \
  "$root"/var/lib/apt/lists/* "$root"/etc/apt/apt.conf.d/99mmdebstrap
chmod 1777 "$root/tmp"
