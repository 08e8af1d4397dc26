"""The founding: once, by one file, through the same recording as every command."""

import asyncio
import json
import stat
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from typer.testing import CliRunner, Result

from services.custody.__main__ import app
from services.custody.policy.retention import identity
from shared.accounts import account_digest
from shared.events import Event
from shared.facts.people import InstallationFounded
from shared.keys import load_key
from shared.problems import Problem
from tests.services.custody.scene import ISSUER, Scene, fixed, founding, org_id

KEY = "custody-promise.pem"


class Operator:
    """Runs custody's commands as the operator does, on a database that is not founded yet."""

    def __init__(self, folder: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.url = folder, url
        monkeypatch.setenv("CADENA_KEYS_DIR", str(folder))
        monkeypatch.setenv("CADENA_DATABASE_URL", url)

    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(app, list(arguments))

    def file(self, **changes: Any) -> str:
        document = founding(load_key(self.folder / KEY)).model_dump(mode="json", exclude_none=True) | changes
        path = self.folder / "founding.json"
        path.write_text(json.dumps(document))
        return str(path)

    def events(self) -> list[Event]:
        async def read() -> list[Event]:
            link = await asyncpg.connect(self.url)
            rows = await link.fetch("SELECT bytes FROM event ORDER BY seq")
            await link.close()
            return [Event.from_bytes(row["bytes"]) for row in rows]

        return asyncio.run(read())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys")


@pytest.fixture
def operator(folder: Path, custody_database: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Operator:
    return Operator(folder, custody_database["api"], monkeypatch)


def test_1_keys_are_made_once_and_closed_to_others(operator: Operator) -> None:
    first, again = operator.run("keys"), operator.run("keys")
    assert first.exit_code == 0
    assert json.loads(first.stdout) == json.loads(again.stdout)
    assert json.loads(first.stdout)["source"] == "urn:cadena:demo:custody"
    assert stat.S_IMODE((operator.folder / KEY).stat().st_mode) == 0o600


def test_2_before_the_founding_every_command_is_503(operator: Operator) -> None:
    async def try_it() -> Problem:
        scene = Scene(operator.url, load_key(operator.folder / KEY))
        scene.open(pool_size=1)
        try:
            with pytest.raises(Problem) as refused:
                await scene.do("lab", scene.sample(case=fixed("case")))
            return refused.value
        finally:
            await scene.engine.dispose()

    problem = asyncio.run(try_it())
    assert (problem.status, problem.code) == (503, "not-founded")
    assert operator.events() == []


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"promise_keys": {"urn:cadena:demo:custody": "another"}}, "must name custody's own promise key"),
        ({"organisations": []}, "organisations"),
        ({"surprise": 1}, "surprise"),
        ({"installation": "No Spaces"}, "installation"),
    ],
)
def test_3_a_file_that_cannot_be_right_founds_nothing(
    operator: Operator, changes: dict[str, Any], sentence: str
) -> None:
    refused = operator.run("found", operator.file(**changes))
    assert (refused.exit_code, sentence in refused.stderr) == (1, True)
    assert operator.events() == []


def test_4_the_registrar_belongs_to_a_founding_organisation(operator: Operator) -> None:
    registrar = founding(load_key(operator.folder / KEY)).registrar.model_dump() | {"organisation": fixed("nowhere")}
    refused = operator.run("found", operator.file(registrar=registrar))
    assert (refused.exit_code, "names something that is not there" in refused.stderr) == (1, True)
    assert operator.events() == []


def test_5_g1_the_founding_is_recorded_once_whole_and_first(operator: Operator) -> None:
    first = operator.run("found", operator.file())
    again = operator.run("found", operator.file())
    assert (first.exit_code, again.exit_code) == (0, 0)
    founded, *others = operator.events()
    assert first.stdout == again.stdout == f"{founded.id}\n"
    assert (founded.subject, founded.sequence, founded.ordinal) == ("installation/demo", 1, 0)
    assert founded.data["pack"] == identity("flat").model_dump()
    assert InstallationFounded.model_validate(founded.data).registrar.account_digest == account_digest(
        ISSUER, "registrar"
    )
    assert (founded.actor.person, founded.actor.org) == (fixed("person/registrar"), org_id("registrar"))
    assert [event.subject for event in others] == [
        f"organisation/{org_id('registrar')}", f"organisation/{org_id('court')}",
        f"person/{fixed('person/registrar')}", f"account/{fixed('account/registrar')}",
    ]  # fmt: skip
    assert {event.command for event in others} == {founded.command}
    assert b"Rosa" not in b"".join(event.to_bytes() for event in others) + founded.to_bytes()


def test_6_another_file_does_not_found_again(operator: Operator) -> None:
    before = operator.events()
    registrar = founding(load_key(operator.folder / KEY)).registrar.model_dump() | {"subject": "usurper"}
    for changes in ({"origin": "cadena.example/other"}, {"registrar": registrar}):
        refused = operator.run("found", operator.file(**changes))
        assert (refused.exit_code, "founded already" in refused.stderr + refused.stdout) == (1, True), refused.exception
    assert operator.events() == before


def test_7_without_a_database_the_command_says_so(operator: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CADENA_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    away = operator.run("found", operator.file())
    assert (away.exit_code, "The database does not answer" in away.stderr) == (3, True)
