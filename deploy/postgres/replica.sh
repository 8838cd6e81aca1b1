#!/bin/sh
# A standby of the service `postgres` of docker-compose.yml: its first start copies the primary, later ones go on where they were.
# The slot has the primary keep what a standby that is away has not got, up to max_slot_wal_keep_size; one that was away for longer
# is made anew: remove its volume.
set -eu
PGPASSWORD=$(cat /run/secrets/postgres_password)
export PGPASSWORD
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  psql --host=postgres --username=gateway --dbname=gateway --quiet --command="
    SELECT pg_create_physical_replication_slot('replica')
     WHERE NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = 'replica')" >/dev/null
  # A copy that broke off is begun anew, and never taken for a whole one.
  rm -rf "$PGDATA.partial"
  pg_basebackup --host=postgres --username=gateway --slot=replica --checkpoint=fast --write-recovery-conf --pgdata="$PGDATA.partial"
  rm -rf "$PGDATA"
  mv "$PGDATA.partial" "$PGDATA"
fi
exec postgres "$@"
