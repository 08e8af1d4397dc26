"""The end of the story: an auditor verifies every entry; then the database's owner changes one byte, and is found."""

import asyncio
import base64
import json
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx2

from deploy.demo.notice import verify
from deploy.demo.teller import Teller
from deploy.demo.troupe import Troupe
from deploy.local.problem import StackProblem
from deploy.local.waiting import wait_until

SEALED_SECONDS = 30.0
FOUND = 1
"""cadena-verify's exit code when it found a defect."""


@dataclass(frozen=True)
class Place:
    """Where an event stands in the log."""

    index: int
    head: int
    root: str


def sealed_place(troupe: Troupe, event: str) -> Place:
    """Index, size and root, from the event's proof."""

    def proof() -> str | None:
        answer = httpx2.get(f"{troupe.log_url}/v1/proofs/{event}", timeout=10)
        return answer.text if answer.status_code == httpx2.codes.OK else None

    text = wait_until(proof, SEALED_SECONDS, f"event {event} to be sealed")
    lines = (text or "").split("\n")
    checkpoint = lines[lines.index("") + 1 :]
    index = next(line for line in lines if line.startswith("index "))
    return Place(int(index.split()[1]), int(checkpoint[1]), checkpoint[2])


def published_at(troupe: Troupe, event: str) -> int:
    """The offset at which Kafka holds an event of custody's."""

    async def ask() -> int:
        connection = await asyncpg.connect(troupe.stack.wiring.databases["custody"]["owner"])
        try:
            query = "SELECT max(kafka_offset) FROM publication JOIN event ON event_seq = seq WHERE id = $1"
            return int(await connection.fetchval(query, event))
        finally:
            await connection.close()

    return asyncio.run(ask())


def everything_holds(troupe: Troupe, teller: Teller) -> str:
    """Every entry, tile and head, and every promise that a caller was given; the verdict in a few words."""
    teller.step("An auditor verifies the whole log, and holds against it every promise that the callers were given.")
    folder = troupe.folder("promises")
    for number, promise in enumerate(troupe.promises):
        (folder / f"{number:04}.jws").write_text(promise)
    wait_until(lambda: _all_kept(troupe), SEALED_SECONDS, "every promise to be kept")
    checked = verify([*_log(troupe), "--promises", str(folder)])
    teller.quote(checked.stdout or checked.stderr)
    if checked.returncode != 0:
        raise StackProblem("The log does not verify.")
    report = _report(troupe)
    return f"{report['size']} entries, {report['heads']} heads: all verified"


def signed_sizes(troupe: Troupe) -> set[int]:
    """The size of every head that the log ever signed."""
    sizes, after = {0}, 0
    while after is not None:
        page = httpx2.get(f"{troupe.log_url}/v1/checkpoints", params={"after": after}, timeout=10).json()
        sizes |= {head["size"] for head in page["checkpoints"]}
        after = page["next"]
    return sizes


def tamper(troupe: Troupe, teller: Teller, index: int) -> None:
    """One byte, as the owner of the ledger's database; the verifier names the entry."""
    teller.step("Now someone with full rights on the ledger's database changes one byte of one entry.")
    before, after = asyncio.run(_change_one_byte(troupe.stack.wiring.databases["audit"]["owner"], index))
    teller.say(f"entry {index}: one character, {before!r}, became {after!r}")
    checked = verify(_log(troupe))
    teller.quote(checked.stdout or checked.stderr)
    named = [(one["index"], one["until"]) for one in _report(troupe)["defects"] if "index" in one]
    if checked.returncode != FOUND or not any(first <= index < until for first, until in named):
        raise StackProblem("The changed byte was not found.")
    single = (index, index + 1) in named
    teller.say(
        f"found, and the entry named: index {index}" if single else f"found between two signed heads: {named[0]}"
    )


async def _change_one_byte(owner_url: str, index: int) -> tuple[str, str]:
    """Change the first letter of the entry's label in its fragment; (before, after)."""
    connection = await asyncpg.connect(owner_url)
    try:
        first, raw = await connection.fetchrow(
            "SELECT first, bytes FROM fragment WHERE first <= $1 ORDER BY first DESC LIMIT 1", index
        )
        at = 0
        for _ in range(index - first):
            at += 2 + int.from_bytes(raw[at : at + 2], "big")
        length = int.from_bytes(raw[at : at + 2], "big")
        place = raw.index(b'"label":"M', at, at + 2 + length) + len(b'"label":"')
        changed = raw[:place] + b"N" + raw[place + 1 :]
        await connection.execute("UPDATE fragment SET bytes = $1 WHERE first = $2", changed, first)
        return chr(raw[place]), chr(changed[place])
    finally:
        await connection.close()


def _log(troupe: Troupe) -> list[str]:
    return [troupe.log_url, "--vkey", troupe.vkey, "--bearer", troupe.token("auditor")]


def _report(troupe: Troupe) -> dict[str, Any]:
    report: dict[str, Any] = json.loads(verify([*_log(troupe), "--json"]).stdout)
    return report


def _all_kept(troupe: Troupe) -> bool:
    claims = (json.loads(_decoded(promise.split(".")[1])) for promise in troupe.promises)
    return all(
        httpx2.get(f"{troupe.log_url}/v1/proofs/{claim['event']}", timeout=10).status_code == httpx2.codes.OK
        for claim in claims
    )


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
