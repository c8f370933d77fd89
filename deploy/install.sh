#!/bin/sh
# Inside the image's build: makes /opt/glovebox ready to run. What is there already is left as it is, so that a build
# whose base and context bring everything needs no network.
set -eu
cd "$(dirname "$0")/.."

missing=""
for package in $(sed 's/#.*//' deploy/packages.txt); do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q "ok installed" || missing="$missing $package"
done
tools=""
[ -d node_modules ] || tools="python3 g++ make"
if [ -n "$missing$tools" ]; then
  apt-get update
  # shellcheck disable=SC2086
  apt-get install -y --no-install-recommends $missing $tools
fi

[ -d node_modules ] || npm ci
[ -d dist ] || node scripts/build.mjs
if [ -n "$tools" ]; then
  npm prune --omit=dev
  # shellcheck disable=SC2086
  apt-get purge -y --auto-remove $tools
  rm -rf /root/.npm
fi
rm -rf /var/lib/apt/lists/* src tests bench # what runs is dist
mkdir -p -m 700 "$GLOVEBOX_DATA_DIR"
ln -sf /opt/glovebox/bin/glovebox /usr/local/bin/glovebox
./bin/glovebox --version
