# Build: Debian's own npm fetches the pinned Node 24 (a devDependency) and builds with it.
FROM debian:bookworm-slim AS build
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates nodejs npm \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY package.json package-lock.json .npmrc tsconfig.json tsconfig.base.json ./
COPY src ./src
RUN npm ci
RUN mkdir -p /out/bin \
 && cp -L node_modules/node/bin/node /out/bin/node \
 && npm prune --omit=dev --ignore-scripts \
 && cd node_modules/onnxruntime-node/bin/napi-v6 \
 && arch="$(/out/bin/node -p process.arch)" \
 && find . -mindepth 1 -maxdepth 1 ! -name linux -exec rm -rf {} + \
 && find linux -mindepth 1 -maxdepth 1 ! -name "$arch" -exec rm -rf {} +

FROM debian:bookworm-slim
# tini hands signals on and reaps; setpriv, which ends runners with their server, is part of the base (util-linux).
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates libstdc++6 tini \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin echoserve \
 && mkdir -p /data /models \
 && chown echoserve:echoserve /data
COPY --from=build /out/bin/node /usr/local/bin/node
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY LICENSE ./
COPY openapi ./openapi
COPY examples/models ./examples/models
COPY examples/data/iris.csv ./examples/data/iris.csv
ENV NODE_ENV=production \
    ECHOSERVE_HOST=0.0.0.0 \
    ECHOSERVE_PORT=8080 \
    ECHOSERVE_MODEL_REPOSITORY=/models \
    ECHOSERVE_DATA_DIR=/data
USER echoserve
VOLUME ["/data"]
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.ECHOSERVE_PORT}/livez`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# Bound to all addresses, the server wants API keys (ECHOSERVE_API_KEYS or --api-keys-file), or --auth none.
ENTRYPOINT ["tini", "--", "node", "--single-threaded-gc", "--max-semi-space-size=2", "dist/main.js"]
