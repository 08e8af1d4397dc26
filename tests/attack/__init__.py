"""What outsiders send: malformed, oversized, stale, replayed and forged requests, as a table, at a running installation."""
