# Images from one file: `api` decides and remembers, without torch; `worker` trains, exports and times on CPUs,
# `worker-cuda` trains on NVIDIA GPUs too; `dashboards` holds Optuna's and Celery's own.
# The package index's own build of torch for Linux brings CUDA along, which `worker-cuda` takes; where CPU builds, a
# tenth of the size, are offered under another address, pass it with --build-arg PIP_EXTRA_INDEX_URL=...

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
RUN /opt/nas/bin/pip install --constraint constraints.txt '.[distributed,s3,tracing]'

FROM build-api AS build-dashboards
RUN /opt/nas/bin/pip install --constraint constraints.txt '.[dashboards]'

FROM build AS build-worker
RUN /opt/nas/bin/pip install --constraint constraints.txt '.[worker,hf,distributed,s3,tracing]'

FROM build AS build-worker-cuda
ARG PIP_EXTRA_INDEX_URL=""
RUN PIP_EXTRA_INDEX_URL="" /opt/nas/bin/pip install --constraint constraints.txt '.[worker,hf,distributed,s3,tracing]'

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

FROM base AS dashboards
COPY --from=build-dashboards /opt/nas /opt/nas
EXPOSE 8080 5555
CMD ["celery", "--app", "workers.celery_app", "flower"]

# What the driver offers is mounted by NVIDIA's container toolkit; CUDA's libraries are in torch's wheels.
FROM base AS worker-cuda
ENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility
COPY --from=build-worker-cuda /opt/nas /opt/nas
CMD ["nas", "worker"]

FROM base AS worker
COPY --from=build-worker /opt/nas /opt/nas
CMD ["nas", "worker"]
