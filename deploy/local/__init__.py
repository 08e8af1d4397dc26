"""The local stack: real PostgreSQL, real Kafka, a mail sink, a dev issuer and the six processes, on loopback only.

Demo, serve and tests all start it through `stack.Stack`; there is no second way and no in-memory stand-in.
State lives in one folder, ports are free ones, and nothing outlives the process that started it.

What may be set: `DATABASE_URL` (an administrator of a PostgreSQL server), `KAFKA_BOOTSTRAP_SERVERS` and `SMTP_URL` name
backends to use instead of our own; `CADENA_CACHE` a folder for the broker's jars instead of `.venv`; `PYTHON` the
Python that `.venv` is made with. A given server is for one served installation: its databases have fixed names.
"""
