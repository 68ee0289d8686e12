# syntax=docker/dockerfile:1
# One image for front door and worker: the command says which. The target `embedded-oss` makes the one of the OSS server
# for trying. No package's install script is needed, so none is run.

FROM node:22-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
COPY packages packages
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json ./
COPY src src
COPY workflows workflows
COPY activities activities
COPY bench bench
COPY scripts scripts
RUN npm run build

# Without the packages, which are for trying, and what they depend on.
FROM node:22-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --no-workspaces --omit=dev --ignore-scripts --no-audit --no-fund

FROM node:22-slim AS embedded-oss
ENV NODE_ENV=production
WORKDIR /app
COPY package.json package-lock.json ./
COPY packages packages
RUN npm ci --workspace packages/embedded-oss --omit=dev --ignore-scripts --no-audit --no-fund
COPY --from=build /app/dist/packages dist/packages
RUN install -d -m 0700 -o node -g node /data
ENV SNAPKEEP_DATA_DIR=/data
VOLUME /data
USER node
EXPOSE 9402
ENTRYPOINT ["node", "dist/packages/embedded-oss/src/main.js"]

FROM node:22-slim
ENV NODE_ENV=production
# glibc otherwise keeps freed memory for every thread apart, a quarter of what a busy worker has resident.
ENV MALLOC_ARENA_MAX=2
# The default, 16, costs as much processor time and 50 MB more.
ENV NODE_OPTIONS=--max-semi-space-size=4
WORKDIR /app
COPY package.json ./
COPY --from=dependencies /app/node_modules node_modules
COPY --from=build /app/dist/src dist/src
COPY --from=build /app/dist/workflows dist/workflows
COPY --from=build /app/dist/activities dist/activities
COPY --from=build /app/dist/workflow-bundle.js dist/
# Where `fs` repositories lie unless SNAPKEEP_PATH_REPO says otherwise.
RUN install -d -m 0700 -o node -g node /data
ENV SNAPKEEP_DATA_DIR=/data
VOLUME /data
USER node
EXPOSE 9400
# A worker has no port: it is healthy as long as it runs. Compose and orchestrators give it a check of their own, or none.
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.SNAPKEEP_HTTP_PORT || 9400}/_snapkeep/health`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "dist/src/cli/main.js"]
CMD ["serve"]
