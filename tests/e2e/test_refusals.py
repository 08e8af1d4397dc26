"""A refusal of who has standing is a leaf (G9); a request that is only wrong leaves nothing, and its key stays free."""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from asyncpg import connect

from deploy.local.waiting import wait_until
from tests.e2e.ledger import Ledger, events_of
from tests.e2e.matter import Matter, proposal_body, sample_body
from tests.e2e.outside import EFFECT_SECONDS, Outside, command_of, no


@dataclass(frozen=True)
class Wrong:
    """A request that is to leave nothing, and how it is answered."""

    status: int
    code: str
    path: str
    body: Any
    how: dict[str, Any]
    service: str = "custody"
    who: str | None = "lab"


@pytest.fixture(scope="module")
def matter(outside: Outside) -> Matter:
    return Matter(outside)


@pytest.fixture(scope="module")
def sample(matter: Matter) -> dict[str, Any]:
    return matter.register()


def test_g9_a_refusal_by_a_rule_is_a_leaf(outside: Outside, ledger: Ledger, sample: dict[str, Any]) -> None:
    key, body = str(uuid4()), sample_body(sample["case"], label=sample["label"])
    answer = outside.send("custody", "lab", "/v1/samples", body, key=key)
    assert no(answer) == (409, "label-taken")
    demand_refusal(outside, ledger, "lab", key, answer.json(), {
        "verb": "sample.register", "code": "label-taken", "target": f"case/{sample['case']}",
    })  # fmt: skip
    again = outside.send("custody", "lab", "/v1/samples", body, key=key)
    assert (again.status_code, again.content) == (409, answer.content)
    assert len(ledger.of_command(command_of("lab", key))) == 1


def test_g9_a_refusal_by_role_is_a_leaf(outside: Outside, ledger: Ledger, sample: dict[str, Any]) -> None:
    key, body = str(uuid4()), proposal_body([sample["id"]])
    answer = outside.send("custody", "lab", "/v1/proposals", body, key=key)
    assert no(answer) == (403, "role-forbids")
    demand_refusal(outside, ledger, "lab", key, answer.json(), {
        "verb": "proposal.make", "code": "role-forbids", "target": f"sample/{sample['id']}",
    })  # fmt: skip


def test_g9_a_refusal_of_notify_is_a_leaf(outside: Outside, ledger: Ledger, matter: Matter) -> None:
    counsel = outside.hire("defence", "public_defender")
    matter.appoint(counsel)
    standing = outside.once_known("notify", counsel, "/v1/subscriptions", {"case": matter.case})
    key = str(uuid4())
    answer = outside.send("notify", counsel, "/v1/subscriptions", {"case": matter.case}, key=key)
    assert no(answer) == (409, "already-subscribed")
    demand_refusal(outside, ledger, counsel, key, answer.json(), {
        "verb": "subscription.make", "code": "already-subscribed", "target": f"subscription/{standing['id']}",
    })  # fmt: skip


def test_g9_a_refusal_stales_no_version(outside: Outside, sample: dict[str, Any]) -> None:
    path = f"/v1/samples/{sample['id']}"
    before = outside.get("custody", "lab", path)
    nothing = {"changes": {"seal": sample["seal"]}, "reason": "Nada cambia"}
    answer = outside.send("custody", "lab", f"{path}/amendments", nothing, match=f'"{before["version"]}"')
    assert no(answer) == (409, "nothing-changes")
    assert outside.get("custody", "lab", path) == before


def demand_refusal(
    outside: Outside, ledger: Ledger, who: str, key: str, said: dict[str, Any], data: dict[str, str]
) -> None:
    """The answer's one promise is of one leaf, which says who was refused what, and counts as no subject's version."""
    (leaf,) = ledger.of_command(command_of(who, key))
    assert [leaf.event["id"]] == events_of(said)
    assert leaf.kind.endswith(".command.refused")
    assert leaf.event["outcome"] == "refused"
    assert leaf.event["data"] == data
    assert leaf.event["actor"]["person"] == outside.persons[who]
    assert "subject" not in leaf.event
    assert "sequence" not in leaf.event


def wrongs(matter: Matter, sample: dict[str, Any]) -> list[Wrong]:
    """One of each kind of mistake, at custody and at notify."""
    amendments = f"/v1/samples/{sample['id']}/amendments"
    change = {"changes": {"seal": "S-X"}, "reason": "Sello sustituido"}
    good = sample_body(matter.case)
    good_address = {"address": "lab@example.org"}
    unsigned: dict[str, Any] = {"Authorization": "Bearer no.token.atall"}
    return [
        Wrong(401, "missing-token", "/v1/samples", good, {}, who=None),
        Wrong(401, "invalid-token", "/v1/samples", good, unsigned),
        Wrong(404, "not-found", f"/v1/samples/{uuid4()}/amendments", change, {"match": '"1"'}),
        Wrong(412, "stale-version", amendments, change, {"match": '"99"'}),
        Wrong(428, "version-needed", amendments, change, {}),
        Wrong(400, "malformed-version", amendments, change, {"match": "W/1"}),
        Wrong(422, "invalid-request", "/v1/samples", good | {"unknown": 1}, {}),
        Wrong(422, "invalid-request", "/v1/samples", good | {"collected_place": "Patio\u202enorte"}, {}),
        Wrong(422, "unknown-reference", "/v1/samples", good | {"case": str(uuid4())}, {}),
        Wrong(400, "malformed-json", "/v1/samples", b'{"case":1,"case":2}', {}),
        Wrong(415, "not-json", "/v1/samples", good, {"Content-Type": "text/plain"}),
        Wrong(413, "body-too-large", "/v1/samples", b" " * 300_000, {}),
        Wrong(403, "scope-too-narrow", "/v1/samples", good, {"scope": "custody:read"}),
        Wrong(401, "missing-token", "/v1/parties", good_address, {}, "notify", None),
        Wrong(404, "not-found", "/v1/subscriptions", {"case": matter.case}, {}, "notify"),
        Wrong(422, "invalid-request", "/v1/parties", {"address": "no address"}, {}, "notify"),
        Wrong(400, "malformed-json", "/v1/parties", b"{", {}, "notify"),
    ]


async def test_what_is_only_wrong_leaves_no_leaf_and_no_row(
    outside: Outside, ledger: Ledger, matter: Matter, sample: dict[str, Any]
) -> None:
    await_known(outside)
    tried: list[tuple[Wrong, str]] = []
    for wrong in wrongs(matter, sample):
        key, how = str(uuid4()), dict(wrong.how)
        if scope := how.pop("scope", None):
            how["Authorization"] = f"Bearer {outside.mint('lab', wrong.service, scopes=(scope,))}"
        answer = outside.send(wrong.service, wrong.who, wrong.path, wrong.body, key=key, **how)
        assert no(answer) == (wrong.status, wrong.code), wrong
        assert "promises" not in answer.json()
        tried.append((wrong, key))
    commands = [command_of("lab", key) for _, key in tried]
    assert ledger.of_command(*commands) == []
    for service in ("custody", "notify"):
        assert await rows(outside, service, [key for _, key in tried], commands) == {
            "command": 0, "answer": 0, "event": 0,
        }  # fmt: skip
    for wrong, key in tried:
        said = outside.do(wrong.service, "lab", *right(wrong, matter), key=key)
        assert len(said["promises"]) == 1, "the key was spent by a mistake"
    assert len(ledger.of_command(*commands)) == len(tried)
    assert (await rows(outside, "custody", [key for _, key in tried], commands))["command"] > 0


def right(wrong: Wrong, matter: Matter) -> tuple[str, dict[str, Any]]:
    """A request of the same service without a mistake."""
    if wrong.service == "notify":
        return "/v1/parties", {"address": "lab@example.org"}
    return "/v1/samples", sample_body(matter.case)


def await_known(outside: Outside) -> None:
    """Notify has read who the laboratory is, so that it is the mistake that is answered."""

    def known() -> bool:
        return outside.send("notify", "lab", "/v1/notices", method="GET").status_code == 200

    wait_until(known, EFFECT_SECONDS, "notify to know the laboratory")


async def rows(outside: Outside, service: str, keys: list[str], commands: list[str]) -> dict[str, int]:
    """How many rows of a service's database these keys and commands have left."""
    owner = await connect(outside.stack.wiring.databases[service]["owner"])
    try:
        by_key = {
            table: await owner.fetchval(f'SELECT count(*) FROM "{table}" WHERE key = ANY($1::uuid[])', keys)
            for table in ("command", "answer")
        }
        events = await owner.fetchval("SELECT count(*) FROM event WHERE command = ANY($1::text[])", commands)
        return by_key | {"event": events}
    finally:
        await owner.close()
