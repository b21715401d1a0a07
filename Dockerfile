# Image of the gateway: compiled, without development dependencies, runs as an unprivileged user, works with a read-only file system.
FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
# No package needs its install scripts. The front-end package is not part of the image.
RUN npm ci --ignore-scripts --workspaces=false
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npm run build

FROM node:24-slim AS packages
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --workspaces=false

FROM node:24-slim
LABEL org.opencontainers.image.title="bff-gateway" \
  org.opencontainers.image.description="Signs users in at any OpenID Connect provider and keeps their tokens on the server" \
  org.opencontainers.image.licenses="Apache-2.0"
ENV NODE_ENV=production
# The process settings of src/tuning, so that the gateway does not re-execute Node to apply them. NODE_OPTIONS accepts this flag only;
# the others are in ENTRYPOINT.
ENV NODE_OPTIONS=--max-semi-space-size=8 MALLOC_ARENA_MAX=2 MALLOC_MMAP_THRESHOLD_=32768
WORKDIR /app
# Package managers are not needed at runtime and would help an attacker. The only writable directory is /data, for the SQLite store:
# mount a volume there and set the file to /data/sessions.db.
RUN rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /usr/local/bin/yarn /usr/local/bin/yarnpkg /opt/yarn-* \
  && install -d -o 1000 -g 1000 -m 700 /data
COPY --from=packages /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json LICENSE ./
COPY views ./views
# Numeric: with runAsNonRoot Kubernetes cannot verify a user name.
USER 1000:1000
EXPOSE 3000 9400
# Checks liveness, not readiness: an outage of the provider or the store must not restart the gateway.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.BFF_ADMIN_PORT ?? 9400}/livez`).then((response) => process.exit(response.ok ? 0 : 1), () => process.exit(1))"]
# Node runs as the first process, without a shell, so that it receives signals.
ENTRYPOINT ["node", "--heap-growing-percent=30", "--no-allocation-site-pretenuring", "--no-maglev", "--no-parallel-scavenge", "dist/main.js"]
CMD ["start", "--config", "/etc/bff-gateway/gateway.yaml"]
