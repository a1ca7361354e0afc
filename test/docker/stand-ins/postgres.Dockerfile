# What compose.yaml uses of the official image, with Debian's PostgreSQL: the user 999, PGDATA, and the entrypoint's
# POSTGRES_PASSWORD_FILE and POSTGRES_INITDB_ARGS.
FROM debian:trixie-slim
RUN groupadd --system --gid=999 postgres \
    && useradd --system --gid=postgres --uid=999 --home-dir=/var/lib/postgresql --shell=/bin/bash postgres \
    && apt-get update \
    && apt-get install --yes --no-install-recommends postgresql openssl \
    && rm -rf /var/lib/apt/lists/* /var/lib/postgresql \
    && install --directory --owner=postgres --group=postgres --mode=1777 /var/lib/postgresql \
    && ln -s /usr/lib/postgresql/*/bin/* /usr/local/bin/
COPY postgres-entrypoint.sh /usr/local/bin/docker-entrypoint.sh
ENV PGDATA=/var/lib/postgresql/18/docker
VOLUME /var/lib/postgresql
ENTRYPOINT ["docker-entrypoint.sh"]
STOPSIGNAL SIGINT
CMD ["postgres"]
