# syntax=docker/dockerfile:1
# The server and the worker in one image. Node runs the TypeScript as it is: there is nothing to build, only to install.
FROM node:24-bookworm-slim AS packages
WORKDIR /vestibule
COPY package.json package-lock.json ./
# The image brings a Node; the one that npm brings for machines with an older Node stays out.
RUN npm ci --omit=dev --no-audit --no-fund \
  && rm -rf node_modules/node-linux-* node_modules/.bin/node

FROM node:24-bookworm-slim
RUN apt-get update \
  && apt-get install -y --no-install-recommends tini \
  && rm -rf /var/lib/apt/lists/* \
  && install -d -o node -g node /data
WORKDIR /vestibule
COPY --from=packages /vestibule/node_modules ./node_modules
COPY package.json schema.graphql LICENSE ./
COPY docker/healthy.mjs ./docker/
COPY migrations ./migrations
COPY src ./src
# Each thread's own pool of freed memory would be kept from the others: tens of megabytes.
ENV MALLOC_ARENA_MAX=2
ENV NODE_ENV=production \
  DATA_DIR=/data \
  CLIENT_LISTEN=0.0.0.0:8008
USER node
VOLUME /data
EXPOSE 8008
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
  CMD ["node", "docker/healthy.mjs", "server"]
ENTRYPOINT ["tini", "--", "node", "--max-semi-space-size=8", "src/main.ts"]
CMD ["serve"]
