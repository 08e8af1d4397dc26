"""G10: what another pack would change is shown before, item by item, and nothing is changed by the showing."""

import asyncio
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from tests.services.custody.api.commands import custody
from tests.services.custody.api.office import House, Office

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def previewed(house: House, out: Path, *arguments: str) -> tuple[list[dict[str, Any]], str]:
    code, told, error = await custody(house, "packs", "preview", *arguments, "--out", str(out))
    assert (code, error) == (0, ""), error
    raw = await asyncio.to_thread(out.read_bytes)
    assert told.splitlines()[-1] == f"SHA-256 of the list: {hashlib.sha256(raw).hexdigest()}"
    return [json.loads(line) for line in raw.splitlines()], told


async def test_g10_each_item_that_would_change_is_a_line(office: Office, tmp_path: Path) -> None:
    """Collected in 2001, both ended in 2021 by `flat`; Wisconsin keeps the one until 2019, the other for want of a day."""
    ended, unknown = await office.case(), await office.case()
    person = await office.convict(ended)
    await office.convict(unknown)
    await office.state("court", ended, "dates", anchor="discharge", person=person, day="2019-04-30")
    first, second = (await office.sample(ended))["id"], (await office.sample(unknown))["id"]
    before = await office.read("court", f"/v1/samples/{first}")
    lines, told = await previewed(office.house, tmp_path / "list", "us-wi")
    flat = {"rule": "FLAT-20", "version": 1, "until": "2021-03-14"}
    by_item = {line["sample"]: line for line in lines}
    assert by_item[first] == {
        "sample": first, "case": ended, "why": "kept_longer", "from": flat, "to": flat,
        "rule_alone": {"rule": "WI-KEEP", "version": 1, "until": "2019-04-30"},
    }  # fmt: skip
    assert by_item[second] == {
        "sample": second, "case": unknown, "why": "day_unknown", "from": flat, "to": {"rule": "WI-KEEP", "version": 1},
    }  # fmt: skip
    assert "  day_unknown: 1\n  kept_longer: 1\n" in told
    assert await office.read("court", f"/v1/samples/{first}") == before


async def test_the_same_pack_changes_nothing_and_the_same_list_has_the_same_digest(
    office: Office, tmp_path: Path
) -> None:
    await office.sample(await office.case())
    assert (await previewed(office.house, tmp_path / "same", "flat"))[0] == []
    one = await previewed(office.house, tmp_path / "one", "us-wi")
    two = await previewed(office.house, tmp_path / "two", "us-wi")
    assert (two[0], two[1].splitlines()[-1]) == (one[0], one[1].splitlines()[-1])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["us-xx"], "there is no pack 'us-xx'"),
        (["demo", "--allow-unverified"], "only with the development issuer"),
        (["chihuahua-reported"], "it needs allow_unverified"),
    ],
)
async def test_a_pack_that_may_not_be_chosen_is_not_previewed(
    office: Office, tmp_path: Path, arguments: list[str], words: str
) -> None:
    out = tmp_path / "list"
    code, _, error = await custody(office.house, "packs", "preview", *arguments, "--out", str(out))
    assert code == 2
    assert words in error
    assert not await asyncio.to_thread(out.exists)


async def test_a_list_that_cannot_be_written_is_said(office: Office, tmp_path: Path) -> None:
    code, _, error = await custody(office.house, "packs", "preview", "us-wi", "--out", str(tmp_path))
    assert code == 2
    assert "cannot be written" in error
