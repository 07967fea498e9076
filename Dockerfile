# The server for one machine. Build: docker build -t atoll . Run: see docs/operating.md.
FROM node:24-bookworm-slim AS build
WORKDIR /atoll
COPY package.json package-lock.json .npmrc LICENSE ./
COPY migrations ./migrations
COPY src ./src
RUN npm ci --omit=dev --no-audit --no-fund
# The Worker and the CLI are bundled and kubectl unpacked here, so that nothing is written beside the data when it runs.
RUN node src/cli/atoll.mjs prepare

FROM node:24-bookworm-slim
ENV NODE_ENV=production ATOLL_DATA=/data PORT=8443 ATOLL_LOG=all ATOLL_DEMO_PORT=none
WORKDIR /atoll
COPY --from=build /atoll /atoll
RUN useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin atoll && install -d -o atoll -g atoll -m 0700 /data
USER atoll
VOLUME /data
EXPOSE 8443
# Asks the server itself: it is ready when its database answers.
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 CMD ["node", "src/cli/atoll.mjs", "health"]
STOPSIGNAL SIGTERM
CMD ["node", "src/cli/atoll.mjs", "start"]
