#!/bin/sh
# Runs once, when the data folder is empty: three databases, three owners, six logins. What a login may do inside
# is on the grants.sql page of its service; what PostgreSQL gives to every login beyond that is taken away here, as by
# deploy/local/databases.py.
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
  psql -v ON_ERROR_STOP=1 -d "$service" <<'SQL'
DO $$ DECLARE one regprocedure; BEGIN
  FOR one IN SELECT oid FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace
    AND (proname LIKE 'lo\_%' OR proname IN ('loread', 'lowrite'))
  LOOP EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', one); END LOOP;
END $$;
SQL
done
psql -v ON_ERROR_STOP=1 <<'SQL'
REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC;
SQL
