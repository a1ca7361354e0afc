#!/bin/sh
# Vault on a volume, so that it knows after a restart what it knew before: initialised the first time, unsealed each
# time. The unseal key lies on another volume; where it matters, use auto-unseal.
set -eu
umask 077

vault server -config=/config/vault.hcl &
server=$!
trap 'kill -TERM "$server"' TERM INT

# 0 is unsealed, 2 sealed, 1 no answer.
until vault status > /dev/null 2>&1 || test $? -eq 2; do
  kill -0 "$server"
  sleep 0.2
done
if ! test -e "$HOME/keys"; then
  vault operator init -key-shares=1 -key-threshold=1 > "$HOME/keys"
  sed -n 's/^Initial Root Token: //p' "$HOME/keys" > "$HOME/.vault-token"
fi
sed -n 's/^Unseal Key 1: //p' "$HOME/keys" | tr -d '\n' | vault write sys/unseal key=- > /dev/null

wait "$server" || wait "$server"
