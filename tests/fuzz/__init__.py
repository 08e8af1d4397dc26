"""Requests made from the documents of the APIs, well formed and not: `make fuzz` sends many, the suite some."""
