"""Reads for GET routes: what stands, as far as the reader has standing to see it. No rules, no writes."""
