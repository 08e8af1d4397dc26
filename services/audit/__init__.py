"""Audit: alone may append to the ledger, sign its head, and publish what is sealed.

It may never refuse, drop, change or reorder a fact, nor read a payload's meaning: what is no event of its topic's own
source is kept and leaves a marker. Only the API looks into sealed facts, and only to learn who is an auditor.
"""
