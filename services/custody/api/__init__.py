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
    samples,
)

ROUTERS: tuple[APIRouter, ...] = (
    organisations.routes,
    persons.routes,
    accounts.routes,
    auditors.routes,
    cases.routes,
    samples.routes,
    batches.routes,
    changes.routes,
    exports.routes,
    offers.routes,
    proposals.routes,
    holds.routes,
)
