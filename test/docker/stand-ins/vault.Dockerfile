# Vault, or OpenBao, whose command line is Vault's, from a binary of this machine.
FROM debian:trixie-slim
COPY vault /usr/local/bin/vault
