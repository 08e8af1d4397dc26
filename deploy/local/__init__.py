"""The local stack: real PostgreSQL, real Kafka, a mail sink, a dev issuer and the six processes, on loopback only.

Demo, serve, tests and bench all start it through this package; there is no second way and no in-memory stand-in.
State lives in one folder, ports are free ones, and nothing outlives the process that started it.
"""
