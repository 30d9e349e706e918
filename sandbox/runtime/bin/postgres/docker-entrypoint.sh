#!/bin/sh
# What PostgreSQL's image does at its start: makes the data of a new server, with a user, a database and what the files in
# /docker-entrypoint-initdb.d say (SQL only, a statement a line), then becomes the server. Source: the image's documentation.
set -eu

sockets=/var/run/postgresql
mkdir -p "$sockets" "$(dirname "$PGDATA")"

if [ "$1" = postgres ] && [ ! -s "$PGDATA/PG_VERSION" ]; then
  : "${POSTGRES_PASSWORD:?must be set for a new server}"
  user=${POSTGRES_USER:-postgres}
  database=${POSTGRES_DB:-$user}
  # Under another name until it is whole: a start that was killed begins anew.
  new=$PGDATA.new
  rm -rf "$new"
  # The password on standard input: nobody reads it off a command line. Locales come with the server, not with this machine.
  printf '%s\n' "$POSTGRES_PASSWORD" | initdb --pgdata="$new" --username="$user" --pwfile=/dev/stdin --no-sync \
    --auth-host=scram-sha-256 --auth-local=trust --encoding=UTF8 --locale=C --locale-provider=builtin --builtin-locale=C.UTF-8
  echo 'host all all all scram-sha-256' >>"$new/pg_hba.conf"
  {
    [ "$database" = postgres ] || printf 'CREATE DATABASE "%s";\n' "$database"
    for file in /docker-entrypoint-initdb.d/*.sql; do
      [ ! -e "$file" ] || cat "$file"
    done
  } | postgres --single -D "$new" -c exit_on_error=on postgres >/dev/null
  rm -rf "$PGDATA"
  mv "$new" "$PGDATA"
fi

[ "$1" != postgres ] || set -- "$@" -c listen_addresses='*' -c unix_socket_directories="$sockets"
exec "$@"
