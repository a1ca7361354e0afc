# moto from PyPI, as the official image starts it.
FROM debian:trixie-slim
ENV PIP_CERT=/etc/ssl/certs/ca-certificates.crt
RUN apt-get update \
    && apt-get install --yes --no-install-recommends python3-venv \
    && python3 -m venv /opt/moto \
    && /opt/moto/bin/pip install --no-cache-dir 'moto[server]==5.2.5'
ENTRYPOINT ["/opt/moto/bin/moto_server", "-H", "0.0.0.0"]
