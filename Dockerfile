# A node with its workers. BASE is any Debian with Node 20 or newer; `node scripts/node-image.mjs` makes one from
# Debian packages and builds this upon it, without a registry and without a network.
#
# The container is packaging, not a boundary: a node starts containers, mounts memory and makes control groups, so
# it has the engine's socket, which is as good as root on the host. docker-compose.yml says what it must be given.
ARG BASE=node:20-bookworm-slim
FROM ${BASE}
USER root
WORKDIR /opt/glovebox
COPY . .
ENV GLOVEBOX_DATA_DIR=/var/lib/glovebox \
    GLOVEBOX_KEY_FILE=/run/secrets/glovebox_key
RUN sh deploy/install.sh
ENV NODE_ENV=production
VOLUME /var/lib/glovebox
EXPOSE 4100
STOPSIGNAL SIGTERM
ENTRYPOINT ["glovebox"]
CMD ["up"]
