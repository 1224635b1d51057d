# pgferry with pg_dump of PostgreSQL 18, for a machine without Node. Packed first, so that nothing is built in here:
#   npm pack && docker build -t pgferry .
# See docs/container.md for how to run it, and for what of this was tried.
FROM node:22-bookworm-slim

# Debian's own postgresql-common knows the repository of PostgreSQL and its key.
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates postgresql-common \
    && /usr/share/postgresql-common/pgdg/apt.postgresql.org.sh -y \
    && apt-get install -y --no-install-recommends postgresql-client-18 \
    && rm -rf /var/lib/apt/lists/*

COPY pgferry-*.tgz /tmp/pgferry/
# On this Node better-sqlite3 brings its binary along: no install script is needed.
RUN npm install -g --ignore-scripts --no-audit --no-fund /tmp/pgferry/pgferry-*.tgz \
    && rm -rf /tmp/pgferry /root/.npm

# The user with this number in the image is `node`. Whoever owns the mounted folder is named with --user.
USER 1000:1000
WORKDIR /work
ENTRYPOINT ["pgferry"]
CMD ["--help"]
