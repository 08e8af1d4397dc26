"""In: one module of routes per noun. Each authenticates, reads a body into a command, records it, and answers."""

from fastapi import APIRouter

from services.custody.api import (
    batches,
    cases,
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
    cases.routes,
    samples.routes,
    batches.routes,
    offers.routes,
    proposals.routes,
    holds.routes,
)
