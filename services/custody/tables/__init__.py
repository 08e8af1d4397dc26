"""Custody's rows: one table for each noun of the rules, beside the tables of events and commands of every service."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Index, text

from services.custody.rules.account import AccountState
from services.custody.rules.auditor import AuditorState
from services.custody.rules.case import CaseState
from services.custody.rules.hold import HoldState
from services.custody.rules.installation import InstallationState
from services.custody.rules.offer import OfferState
from services.custody.rules.organisation import OrganisationState
from services.custody.rules.person import PersonState
from services.custody.rules.proposal import ProposalState
from services.custody.rules.review import ReviewState
from services.custody.rules.sample import SampleState
from services.custody.tables import cases, holds, offers, people, proposals, reviews, samples
from services.custody.tables.base import METADATA
from services.custody.tables.mapping import Rows
from services.custody.tables.upkeep import CaseRows
from shared.behind import restoration_tables
from shared.commands import command_tables
from shared.outbox import event_tables
from shared.reader_position import reader_position_table

__all__ = [
    "ACCOUNTS", "AUDITORS", "CASES", "COMMANDS", "EVENTS", "HOLDS", "INSTALLATIONS", "METADATA", "OFFERS",
    "ORGANISATIONS", "PERSONS", "POSITION", "PROPOSALS", "REFUSED_TARGET", "RESTORATION", "REVIEWS", "ROWS", "SAMPLES",
]  # fmt: skip

EVENTS = event_tables(METADATA)
REFUSED_TARGET = """substring(encode(event.bytes, 'escape'), '"target":"([^"]+)"')"""
"""What a refusal names, in SQL. Its bytes are canonical JSON of plain ASCII: codes and ids."""
Index("ix_event_refused", text(REFUSED_TARGET.replace("event.", "")), _table=EVENTS.event,
      postgresql_where=EVENTS.event.c.subject.is_(None))  # fmt: skip
POSITION = reader_position_table(METADATA)
COMMANDS = command_tables(METADATA)
RESTORATION = restoration_tables(METADATA, POSITION, EVENTS.publication)

INSTALLATIONS = Rows(people.InstallationRow, InstallationState)
ORGANISATIONS = Rows(people.OrganisationRow, OrganisationState)
PERSONS = Rows(people.PersonRow, PersonState)
ACCOUNTS = Rows(people.AccountRow, AccountState)
AUDITORS = Rows(people.AuditorRow, AuditorState)
CASES = CaseRows(cases.CaseRow, CaseState)
SAMPLES = Rows(samples.SampleRow, SampleState)
OFFERS = Rows(offers.OfferRow, OfferState)
PROPOSALS = Rows(proposals.ProposalRow, ProposalState)
HOLDS = Rows(holds.HoldRow, HoldState)
REVIEWS = Rows(reviews.ReviewRow, ReviewState)

ROWS: Mapping[str, Rows[Any]] = {
    "installation": INSTALLATIONS,
    "organisation": ORGANISATIONS,
    "person": PERSONS,
    "account": ACCOUNTS,
    "auditor": AUDITORS,
    "case": CASES,
    "sample": SAMPLES,
    "offer": OFFERS,
    "proposal": PROPOSALS,
    "hold": HOLDS,
    "review": REVIEWS,
}
"""By noun, which is what stands before the slash of a subject."""
