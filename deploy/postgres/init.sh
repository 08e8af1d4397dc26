#!/bin/sh
# Runs once, when the data folder is empty: three databases, three owners, six logins. What a login may do inside
# is on the grants.sql page of its service; what PostgreSQL gives to every login beyond that is taken away here, as by
# deploy/local/databases.py. Passwords come from files, and stand in no command line.
set -eu
secrets=${CADENA_SECRETS_DIR:-/run/secrets}
walls=${CADENA_WALLS:-/walls.sql}
for service in custody audit notify; do
  case $service in audit) logins="owner writer api" ;; *) logins="owner api worker" ;; esac
  for login in $logins; do
    export PASSWORD_FILE="$secrets/${service}_${login}_password"
    test -s "$PASSWORD_FILE" || { echo "init.sh: $PASSWORD_FILE is missing or empty" >&2; exit 1; }
    psql -v ON_ERROR_STOP=1 -v role="${service}_${login}" <<'SQL'
\set password `cat "$PASSWORD_FILE"`
CREATE ROLE :"role" LOGIN PASSWORD :'password';
SQL
  done
done
for service in custody audit notify; do
  case $service in audit) logins="owner writer api" ;; *) logins="owner api worker" ;; esac
  psql -v ON_ERROR_STOP=1 -v db="$service" -v owner="${service}_owner" <<'SQL'
CREATE DATABASE :"db" OWNER :"owner";
REVOKE ALL ON DATABASE :"db" FROM PUBLIC;
SQL
  for login in $logins; do
    psql -v ON_ERROR_STOP=1 -v db="$service" -v role="${service}_${login}" <<'SQL'
GRANT CONNECT ON DATABASE :"db" TO :"role";
SQL
  done
  psql -v ON_ERROR_STOP=1 -d "$service" -f "$walls"
done
psql -v ON_ERROR_STOP=1 <<'SQL'
REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC;
SQL
