"""Custody alone may say who holds an item and whether it may be given up; it takes objections.

It may never change a recorded fact, send mail, or write to the ledger.
"""
