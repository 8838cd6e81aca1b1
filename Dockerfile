# The compiled gateway as an ordinary user. Debian, not Alpine: the embedded PostgreSQL is linked against glibc.
FROM node:22-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY bin ./bin
COPY src ./src
RUN npm run build && npm prune --omit=dev --ignore-scripts --no-audit --no-fund

FROM node:22-bookworm-slim
ENV NODE_ENV=production HOST=0.0.0.0 PORT=8080 DATA_DIR=/data METADATA_DIR=/app/metadata
WORKDIR /app
COPY package.json ./
COPY bin ./bin
COPY migrations ./migrations
COPY metadata ./metadata
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
RUN mkdir /data && chown node:node /data
USER node
VOLUME /data
EXPOSE 8080
# Ready: the feed is served and PostgreSQL answers.
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=4 \
  CMD ["node", "/app/bin/health-check.mjs"]
ENTRYPOINT ["node", "/app/bin/gateway.mjs"]
CMD ["serve"]
