#!/bin/sh
# Before anything else starts, and only once: an authority for this stack and a certificate from it for each server,
# PostgreSQL's superuser password, and volumes that their users may write to. The authority's key is not kept.
set -eu
umask 077
cd /volumes
test -e authority/ca.pem && exit 0

curve='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days 825'
work=$(mktemp -d)
openssl req -x509 $curve -keyout "$work/ca.key" -out "$work/ca.pem" -subj '/CN=Compose authority' \
  -addext basicConstraints=critical,CA:TRUE,pathlen:0 -addext keyUsage=critical,keyCertSign,cRLSign

# certificate <volume> <user id> <names>
certificate() {
  openssl req -x509 -CA "$work/ca.pem" -CAkey "$work/ca.key" $curve -keyout "$1/key.pem" -out "$1/cert.pem" \
    -subj "/CN=$1" -addext basicConstraints=critical,CA:FALSE -addext "subjectAltName=$3"
  chown -R "$2" "$1"
}
certificate vault-tls 65532 DNS:vault,DNS:localhost,IP:127.0.0.1
certificate postgres-tls 999 DNS:postgres,DNS:localhost,IP:127.0.0.1
certificate azure-tls 65532 DNS:compose.vault.azure.net

openssl rand -base64 -out superuser/password 24
chown -R 999:65532 superuser
chmod 750 superuser
chmod 640 superuser/password
chown 65532 administrator app-identity migrate-identity secrets-identity openai key-vault seed vault

# Last, as it says that all is there.
chmod 755 authority
install --mode=644 "$work/ca.pem" authority/ca.pem
