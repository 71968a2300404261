# The fake in a container: `docker build -t diarkit . && docker run --rm -p 127.0.0.1:8000:8000 diarkit`

# Pinned to its bytes by `--build-arg PYTHON=python:3.13-slim@sha256:...`, the digest that `docker buildx imagetools inspect` names.
ARG PYTHON=python:3.13-slim

FROM ${PYTHON} AS build
WORKDIR /source
COPY . .
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .

FROM ${PYTHON}
LABEL org.opencontainers.image.title="diarkit" \
      org.opencontainers.image.description="A fake of the Phonexia Speech Platform's Speaker Diarization REST API" \
      org.opencontainers.image.licenses="MIT"
RUN --mount=type=bind,from=build,source=/wheels,target=/wheels \
    --mount=type=bind,source=image.lock,target=/image.lock \
    pip install --no-cache-dir --require-hashes --requirement /image.lock \
    && pip install --no-cache-dir --no-deps /wheels/*.whl \
    # A volume that is mounted here belongs to the user who writes to it.
    && useradd --system --uid 10001 --user-group --no-create-home diarkit \
    && install --directory --owner=diarkit --group=diarkit /config /recordings

# By number, as those who start it can tell then that it is not root.
USER 10001
# Scenario files are mounted here, and named by DIARKIT_SCENARIO.
WORKDIR /config
# A container's own 127.0.0.1 can't be reached from outside.
# Nothing is written: the root may be read-only, with a tmpfs at /tmp for large compressed uploads.
ENV DIARKIT_HOST=0.0.0.0 PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
EXPOSE 8000
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s --retries=3 CMD ["diarkit", "health"]
ENTRYPOINT ["diarkit"]
CMD ["serve"]
