"""In: one module of routes per noun. Each authenticates, reads a body into a command, records it, and answers."""

from fastapi import APIRouter

from services.notify.api import notices, parties, subscriptions

ROUTERS: tuple[APIRouter, ...] = (parties.routes, subscriptions.routes, notices.routes)
