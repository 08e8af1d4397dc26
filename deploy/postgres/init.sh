#!/bin/sh
# Runs once, when the data folder is empty: three databases, three owners, six logins. What a login may do inside
# is on the grants.sql page of its service.
set -eu
for service in custody audit notify; do
  case $service in audit) logins="owner writer api" ;; *) logins="owner api worker" ;; esac
  for login in $logins; do
    password=$(printenv "$(printf '%s_%s_PASSWORD' "$service" "$login" | tr '[:lower:]' '[:upper:]')")
    psql -v ON_ERROR_STOP=1 -v role="${service}_${login}" -v password="$password" <<'SQL'
CREATE ROLE :"role" LOGIN PASSWORD :'password';
SQL
  done
  psql -v ON_ERROR_STOP=1 -v db="$service" -v owner="${service}_owner" <<'SQL'
CREATE DATABASE :"db" OWNER :"owner";
REVOKE ALL ON DATABASE :"db" FROM PUBLIC;
SQL
  for login in $logins; do
    psql -v ON_ERROR_STOP=1 -v db="$service" -v role="${service}_${login}" <<'SQL'
GRANT CONNECT ON DATABASE :"db" TO :"role";
SQL
  done
done
