"""G10: the operator's command that puts another pack in force: what it says, and that a mistake changes nothing."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from shared.settings import DEV_ISSUER
from tests.services.custody.api.commands import custody
from tests.services.custody.api.office import House, Office

pytestmark = pytest.mark.asyncio(loop_scope="module")
GOOD = {
    "pack": "us-wi", "registrar": {"issuer": DEV_ISSUER, "subject": "registrar"}, "decision": {"reference": "ACUERDO-7"},
}  # fmt: skip


async def applied(house: House, folder: Path, file: Any, sha256: str) -> tuple[int, str, str]:
    path = folder / "change.json"
    await asyncio.to_thread(path.write_text, file if isinstance(file, str) else json.dumps(file))
    return await custody(house, "packs", "apply", str(path), "--preview-sha256", sha256)


async def listed(house: House, folder: Path, pack: str = "us-wi") -> str:
    code, told, _ = await custody(house, "packs", "preview", pack, "--out", str(folder / "list"))
    assert code == 0
    return told.splitlines()[-1].rpartition(" ")[2]


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("{", "nothing is changed"),
        ("[]", "nothing is changed"),
        (json.dumps(GOOD)[:-1] + ', "pack": "flat"}', "nothing is changed"),
        (GOOD | {"by": "me"}, "by"),
        ({"pack": "us-wi"}, "registrar"),
        (GOOD | {"pack": "us-xx"}, "there is no pack 'us-xx'"),
        (GOOD | {"pack": "demo", "allow_unverified": True}, "only with the development issuer"),
        (GOOD | {"registrar": {"issuer": DEV_ISSUER, "subject": "prosecutor"}}, "no open account of a registrar"),
        (GOOD, "what would change is not what the preview says: "),
    ],
)
async def test_a_mistake_is_said_and_changes_nothing(office: Office, tmp_path: Path, file: Any, words: str) -> None:
    item = (await office.sample(await office.case()))["id"]
    before = await office.read("court", f"/v1/samples/{item}")
    code, told, error = await applied(office.house, tmp_path, file, "0" * 64)
    assert (code, told) == (1, "")
    assert error.startswith("nothing is changed: ")
    assert words in error
    assert await office.read("court", f"/v1/samples/{item}") == before


async def test_it_says_how_many_items_changed_and_once_more_that_nothing_does(office: Office, tmp_path: Path) -> None:
    item = (await office.sample(await office.case()))["id"]
    sha256 = await listed(office.house, tmp_path)
    lines = len((await asyncio.to_thread((tmp_path / "list").read_text)).splitlines())
    told = f"the pack us-wi is in force; {lines} items changed\n"
    assert await applied(office.house, tmp_path, GOOD, sha256) == (0, told, "")
    after = await office.read("court", f"/v1/samples/{item}")
    assert after["retention"] == {"rule": "WI-KEEP", "version": 1, "until": None}
    again = "the pack us-wi is in force already; nothing is changed\n"
    assert await applied(office.house, tmp_path, GOOD, sha256) == (0, again, "")
