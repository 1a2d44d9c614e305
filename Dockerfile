# The image of Datrys: what runs, and nothing that only builds or tests it. docker-compose.yml says how it is run.
FROM python:3.11.15-slim-bookworm AS packages
COPY requirements-run.txt /
RUN python -m venv /opt/datrys \
    && /opt/datrys/bin/pip install --disable-pip-version-check --no-cache-dir --only-binary :all: \
        --require-hashes --requirement /requirements-run.txt

FROM python:3.11.15-slim-bookworm
RUN groupadd --gid 10001 datrys \
    && useradd --uid 10001 --gid datrys --no-create-home --shell /usr/sbin/nologin datrys
COPY --from=packages /opt/datrys /opt/datrys
# Of this folder comes what .dockerignore lets through.
COPY . /app
RUN install --mode 755 /app/deploy/datrys /usr/local/bin/datrys && python -m compileall -q /app
ENV PATH=/opt/datrys/bin:$PATH PYTHONPATH=/app PYTHONUNBUFFERED=1
USER 10001:10001
WORKDIR /app
ENTRYPOINT ["datrys"]
CMD ["worker"]
