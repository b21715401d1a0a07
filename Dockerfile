# The gateway as an image: compiled, without development packages, as a user without rights, on a file system that may be read-only.
FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
# Nothing that a package wants to run while it is installed is needed here.
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npm run build

FROM node:24-slim AS packages
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts

FROM node:24-slim
LABEL org.opencontainers.image.title="bff-gateway" \
  org.opencontainers.image.description="Signs users in at any OpenID Connect provider and keeps their tokens on the server" \
  org.opencontainers.image.licenses="Apache-2.0"
ENV NODE_ENV=production
WORKDIR /app
# Package managers are tools for building; who breaks in finds none. The one folder that is written to, and only with the SQLite
# store, is /data: mount a volume there and name /data/sessions.db.
RUN rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /usr/local/bin/yarn /usr/local/bin/yarnpkg /opt/yarn-* \
  && install -d -o 1000 -g 1000 -m 700 /data
COPY --from=packages /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json LICENSE ./
COPY views ./views
# By number: Kubernetes cannot tell whether a name is root.
USER 1000:1000
EXPOSE 3000 9400
# Alive, not ready: an outage of the provider or the store is no reason to restart the gateway.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.BFF_ADMIN_PORT ?? 9400}/livez`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# Node itself is the first process, without a shell in between, so that it gets the signals.
ENTRYPOINT ["node", "dist/main.js"]
CMD ["start", "--config", "/etc/bff-gateway/gateway.yaml"]
