# Two images from one file: `api` decides and remembers, without torch; `worker` trains, exports and times.
# torch comes from the configured package index; where that offers CPU builds under another address, pass it
# with --build-arg PIP_EXTRA_INDEX_URL=...

FROM python:3.11-slim AS build
ARG PIP_EXTRA_INDEX_URL=""
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/nas
WORKDIR /src
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY search_spaces ./search_spaces
COPY nas_service ./nas_service
COPY workers ./workers
COPY migrations ./migrations

FROM build AS build-api
RUN /opt/nas/bin/pip install --constraint constraints.txt '.[distributed]'

FROM build AS build-worker
RUN /opt/nas/bin/pip install --constraint constraints.txt '.[worker,hf,distributed]'

FROM python:3.11-slim AS base
RUN useradd --system --uid 10001 --home-dir /var/lib/nas --create-home nas
ENV PATH=/opt/nas/bin:$PATH PYTHONUNBUFFERED=1
WORKDIR /var/lib/nas
VOLUME /var/lib/nas
USER 10001

FROM base AS api
COPY --from=build-api /opt/nas /opt/nas
EXPOSE 8321
CMD ["nas", "serve"]

FROM base AS worker
COPY --from=build-worker /opt/nas /opt/nas
CMD ["nas", "worker"]
