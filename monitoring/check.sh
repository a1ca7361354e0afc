#!/usr/bin/env bash
# Checks the alert rules and runs their tests with promtool: the installed one, or the one in Debian's package, which is
# downloaded and not installed. Needs no root. CI_STRICT=1 makes a missing promtool a failure.
set -euo pipefail
cd "$(dirname "$0")"

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

promtool=$(command -v promtool || true)
if [[ -z $promtool ]]; then
  # Lists and archives of its own: those of the machine belong to root.
  mkdir -p "$folder/lists/partial" "$folder/archives/partial"
  options=(-qq -o "Dir::State::Lists=$folder/lists" -o "Dir::Cache=$folder" -o "APT::Sandbox::User=$(id -un)")
  if (cd "$folder" && apt-get "${options[@]}" update && apt-get "${options[@]}" download prometheus &&
    dpkg -x prometheus_*.deb .) >"$folder/log" 2>&1; then
    promtool=$folder/usr/bin/promtool
  else
    echo "SKIPPED alerts: promtool is missing and cannot be downloaded: $(tail -1 "$folder/log")"
    [[ ${CI_STRICT:-} != 1 ]]
    exit
  fi
fi

node rules.ts >"$folder/alerts.yaml"
cp alerts.test.yaml "$folder"
"$promtool" check rules "$folder/alerts.yaml"
"$promtool" test rules "$folder/alerts.test.yaml"
