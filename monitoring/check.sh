#!/usr/bin/env bash
# Checks the alert rules and runs their tests with promtool: the machine's, or the one in Debian's package.
set -euo pipefail
cd "$(dirname "$0")"

promtool=$(command -v promtool || true)
if [[ -z $promtool ]]; then
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
  if (cd "$folder" && chmod 755 . && apt-get -qq update && apt-get -qq download prometheus && dpkg -x prometheus_*.deb .) 2>"$folder/log"; then
    promtool=$folder/usr/bin/promtool
  else
    echo "Skipped: promtool is not on this machine and could not be had: $(tail -1 "$folder/log")"
    exit 0
  fi
fi
"$promtool" check rules alerts.yaml
"$promtool" test rules alerts.test.yaml
