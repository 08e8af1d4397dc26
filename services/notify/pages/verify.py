"""The page behind an address link. GET shows it, however often a mail scanner looks; only POST confirms the address."""

import hashlib

import orjson
from fastapi import APIRouter, Request, Response

from services.notify import record as recording
from services.notify.links import AddressLink, LinkInvalid
from services.notify.pages.page import page
from services.notify.pages.texts import TEXTS, preferred
from services.notify.queries import link_context
from services.notify.rules.party import VerifyAddress
from shared.commands import Answer
from shared.facts.notices import Language
from shared.problems import Problem

routes = APIRouter(include_in_schema=False)


@routes.get("/v1/parties/{party:id}:verify")
async def show(party: str, request: Request) -> Response:
    """What confirming does, and the button."""
    try:
        language, _, demo = await _open(request, party)
    except Problem as problem:
        return _trouble(request, problem)
    except LinkInvalid:
        return _invalid(request)
    texts = TEXTS[language]
    return page(200, language, texts.ask_title, [texts.ask], form=True, demo=demo)


@routes.post("/v1/parties/{party:id}:verify")
async def act(party: str, request: Request) -> Response:
    """Confirm the address, once: the link's nonce is the command's key, so a second press shows the same answer."""
    try:
        language, link, demo = await _open(request, party)
        answer = await _confirm(request.app.state.desk, link)
    except Problem as problem:
        return _trouble(request, problem)
    except LinkInvalid:
        return _invalid(request)
    texts, promises = TEXTS[language], orjson.loads(answer.body)["promises"]
    if answer.status == 200:
        return page(
            200, language, texts.done_title, [texts.done], promises=promises, receipt=texts.promise_note, demo=demo
        )
    said = [texts.superseded]
    return page(
        answer.status, language, texts.superseded_title, said, promises=promises, receipt=texts.refusal_note, demo=demo
    )


async def _open(request: Request, party: str) -> tuple[Language, AddressLink, bool]:
    """The language that its party chose, the link, judged by the database's clock, and whether this is a demonstration.

    Raises LinkInvalid.
    """
    desk: recording.Desk = request.app.state.desk
    language, pen = await link_context(desk.engine, party)
    link = desk.post.links.read(request.query_params.get("token", ""), party, pen.now)
    return language or _language(request), link, pen.demo


async def _confirm(desk: recording.Desk, link: AddressLink) -> Answer:
    fingerprint = hashlib.sha256(orjson.dumps([link.party, link.digest, link.nonce])).digest()
    asked = recording.Request(recording.LINK_ACCOUNT, link.nonce, fingerprint, holder=link.party)
    return await recording.record(desk, asked, lambda person: VerifyAddress(person, link.digest))


def _invalid(request: Request) -> Response:
    # In the browser's language: a link that is not good must not tell which one a party chose.
    language = _language(request)
    return page(400, language, TEXTS[language].invalid_title, [TEXTS[language].invalid])


def _trouble(request: Request, problem: Problem) -> Response:
    language = _language(request)
    response = page(problem.status, language, TEXTS[language].trouble_title, [TEXTS[language].trouble])
    response.headers.update(problem.headers)
    return response


def _language(request: Request) -> Language:
    return preferred(request.headers.get("accept-language", ""))
