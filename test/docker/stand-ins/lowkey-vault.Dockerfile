# An older Lowkey Vault, which runs on what Debian has, as the official image starts it, behind a relay that asks it for
# the version of the API that it speaks.
FROM node:26-trixie-slim
RUN apt-get update && apt-get install --yes --no-install-recommends openjdk-21-jre-headless wget
COPY lowkey-vault.jar lowkey-vault-relay.js /
ENTRYPOINT ["sh", "-c", "node /lowkey-vault-relay.js & java ${JAVA_OPTS} -jar /lowkey-vault.jar --server.port=8444 ${LOWKEY_ARGS}"]
