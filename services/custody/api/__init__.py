"""In: one module of routes per noun. Each authenticates, reads a body into a command, records it, and answers."""

from fastapi import APIRouter

from services.custody.api import (
    accounts,
    auditors,
    batches,
    cases,
    changes,
    exports,
    holds,
    offers,
    organisations,
    persons,
    proposals,
    reports,
    samples,
    statements,
)

# Routes are tried in this order, so what is asked for most stands first.
ROUTERS: tuple[APIRouter, ...] = (
    samples.routes,
    batches.routes,
    cases.routes,
    statements.routes,
    organisations.routes,
    persons.routes,
    accounts.routes,
    auditors.routes,
    changes.routes,
    exports.routes,
    offers.routes,
    proposals.routes,
    holds.routes,
    reports.routes,
)
