#!/bin/sh
# The broker of docker-compose.yml: makes its data folder once, with the node's own and the operator's passwords from
# files, then runs. A command line can be read by anyone on the machine, so that no password stands in one.
set -eu
umask 077
kafka=${KAFKA_HOME:-/opt/kafka}
secrets=${CADENA_SECRETS_DIR:-/run/secrets}
config=${CADENA_KAFKA_CONFIG:-/etc/cadena/server.properties}
if [ "$(wc -l <"$secrets/kafka_broker_password")" -ne 0 ]; then
  echo "start.sh: kafka_broker_password ends with a new line, which Kafka would take for a part of it" >&2
  exit 1
fi
data=$(sed -n 's/^log.dirs=//p' "$config")
if [ ! -f "$data/meta.properties" ]; then
  told=$(mktemp)
  printf '%s\n' format -t "$("$kafka/bin/kafka-storage.sh" random-uuid)" -c "$config" --standalone >"$told"
  for user in broker operator; do
    password=$(cat "$secrets/kafka_${user}_password")
    printf '%s\n' --add-scram "SCRAM-SHA-256=[name=$user,password=$password]" >>"$told"
  done
  "$kafka/bin/kafka-storage.sh" "@$told"
  rm "$told"
fi
exec "$kafka/bin/kafka-server-start.sh" "$config"
