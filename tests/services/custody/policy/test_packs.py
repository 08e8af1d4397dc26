"""The shipped packs hold; what is wrong in a file is told at its line, with the reason; a shortening is found by what it does."""

import re
from dataclasses import replace
from datetime import date
from importlib import resources
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from services.custody.policy.choosing import NotChosen, choosable, chosen
from services.custody.policy.expressions import FixedDate
from services.custody.policy.lint import check, lint, lint_calendar
from services.custody.policy.nodes import MAX_BYTES, MAX_DEPTH
from services.custody.policy.probes import shorter
from services.custody.policy.reading import read_calendar, read_pack
from services.custody.policy.released import Changed, digest, entries, key, read_released, release, written_released
from services.custody.policy.rules import EarlierOf, Objection, Period, RetentionCase, StartOf
from services.custody.policy.saying import formula, page
from services.custody.policy.shipped import calendars, latest, packs, texts
from services.custody.policy_commands import commands

ROOT = Path(__file__).parents[4]
MALFORMED = sorted((ROOT / "tests/vectors/packs/malformed").glob("*.yaml"))
SHIPPED = texts("packs")
RELEASED = read_released((ROOT / "services/custody/policy/packs/released.json").read_text("utf-8"))
WISCONSIN = SHIPPED["us-wi.yaml"]
SEEN_ALONE = [
    "US-3600A",
    "US-3772",
    "CO-1105",
    "CT-54-102jj",
    "MN-590.10",
    "MT-46-15-413",
    "NE-29-4125",
    "NH-651-D.3",
    "OR-133.709",
    "SC-17-28-340",
    "TX-38.43",
    "TX-38.50",
    "WI-968.205",
    "BR-PR-186-2024",
    "ALI-9.07",
    "US-28CFR-28.22",
    "WI-KEEP",
    "AK-KEEP",
    "AZ-KEEP",
    "OR-KEEP",
    "GA-KEEP",
    "IL-KEEP",
    "OH-KEEP",
    "MT-KEEP",
    "CO-UNCHARGED",
    "OK-KIT",
    "HI-KIT",
    "KZ-GENOMIC",
    "BR-CPP-158",
    "US-3772-KIT",
]
"""The rules whose text was seen whole; all others of a law are unverified."""
OWN = ("strictest", "demo", "flat")


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_pack_has_no_defect(name: str) -> None:
    read = read_pack(SHIPPED[name])
    assert read.value is not None
    assert name == f"{read.value.id}.yaml"
    assert lint(SHIPPED[name], RELEASED.get(read.value.id)) == ()


@pytest.mark.parametrize("name", texts("calendars"))
def test_a_shipped_calendar_has_no_defect(name: str) -> None:
    assert lint_calendar(texts("calendars")[name]) == ()


def test_what_is_verified_is_what_was_seen_whole() -> None:
    shipped = [(pack, rule) for pack in packs().values() for rule in (*pack.retention, *pack.notice)]
    assert {rule.id for pack, rule in shipped if rule.verified and pack.id not in OWN} == set(SEEN_ALONE)
    assert all(rule.source.mark != "S" for _, rule in shipped if not rule.verified)


def test_the_packs_lie_where_the_image_has_them() -> None:
    """The image copies services/ whole; nothing of them stands outside."""
    assert resources.files("services.custody.policy").joinpath("packs", "us-wi.yaml").is_file()
    assert "COPY services services" in (ROOT / "deploy/Dockerfile").read_text()
    assert calendars()["brazil-national"].covers_to == date(2028, 12, 31)


def test_twenty_files_and_more_are_malformed_each_in_its_own_way() -> None:
    assert len(MALFORMED) >= 20


@pytest.mark.parametrize("file", MALFORMED, ids=lambda file: file.stem)
def test_a_defect_is_told_at_its_line(file: Path) -> None:
    text = file.read_text("utf-8")
    expected = [
        (number, line.partition("# defect: ")[2])
        for number, line in enumerate(text.splitlines(), start=1)
        if "# defect: " in line
    ]
    found = [(defect.line, defect.reason) for defect in lint(text)]
    assert len(found) == len(expected) == 1
    assert found[0][0] == expected[0][0]
    assert found[0][1].startswith(expected[0][1])


def test_all_defects_of_a_file_are_told_at_once() -> None:
    text = WISCONSIN.replace("version: 1\n", "version: x\n").replace("until: discharge", "until: nothing")
    assert len(lint(text)) == 4


@pytest.mark.parametrize(
    ("changed", "to"),
    [
        ("n: 90", "n: 89"),
        ("absolute_bar", "court_decides"),
        ("start: received", "start: sent"),
        ("    role: exit", '        day_rule: "on"\n    role: exit'),
        ("    role: exit", "        suspended: ignore\n    role: exit"),
        ("    role: exit", "        roll: none\n    role: exit"),
        ("          - {kind: convicted}\n", ""),
        (
            "[acknowledgement, postal_receipt, personal_service, court_record]",
            "[acknowledgement, postal_receipt, personal_service, court_record, sworn_statement]",
        ),
    ],
)
def test_a_later_version_of_a_notice_does_not_end_earlier(changed: str, to: str) -> None:
    defects = lint(_second_version(changed, to))
    assert [defect.line for defect in defects] == [_line_of_second(changed, to)]
    assert "version 2 shortens version 1" in defects[0].reason


@pytest.mark.parametrize(
    ("changed", "to"),
    [
        ("n: 90", "n: 91"),
        ("role: exit", "role: condition"),
        ("silence: proceed", "silence: never"),
        ("proceed", "proceed"),
    ],
)
def test_a_later_version_may_end_later(changed: str, to: str) -> None:
    assert lint(_second_version(changed, to)) == ()


def test_a_notice_later_before_the_planned_day_is_a_shortening() -> None:
    rule = next(one for one in packs()["us-federal"].notice if one.id == "US-3772")
    later = replace(rule, version=2, steps=(replace(rule.steps[0], period=Period(59, "day")),))
    assert "notice by" in (shorter(rule, later) or "")
    assert shorter(later, rule) is None
    assert shorter(rule, packs()["us-federal"].retention[0]) is None


def test_a_shipped_file_that_cannot_be_read_is_named_and_the_last_version_stands() -> None:
    with pytest.raises(ValueError, match=r"bad.yaml:2: this must be a whole number"):
        latest({"bad.yaml": WISCONSIN.replace("version: 1", "version: x", 1)}, read_pack)
    newer = WISCONSIN.replace("version: 1", "version: 2", 1)
    assert latest({"a": newer, "b": WISCONSIN}, read_pack)["us-wi"].version == 2


def test_a_formula_says_what_no_shipped_rule_has() -> None:
    rule = packs()["us-wi"].retention[0]
    dated = replace(rule, cases=(RetentionCase(FixedDate(date(2030, 1, 1))),))
    notice = packs()["us-tx"].notice[0]
    starts = EarlierOf((StartOf("received"), StartOf("served", "convicted")))
    assert list(formula(dated)) == ["until 2030-01-01"]
    told = replace(
        notice, steps=(replace(notice.steps[0], starts_at=starts),), objection=Objection("hold_until", date(2030, 1, 1))
    )
    assert "earlier_of(received, served (convicted))" in next(formula(told))
    assert "objection hold_until until 2030-01-01" in list(formula(told))[-1]


def test_what_could_not_be_read_keeps_its_defects() -> None:
    read = read_pack("id: here\nretention:\n  - {}\n")
    assert check(read, {}) == read.defects
    assert (read.lines.of("retention", 0, "source"), read.lines.of("notice"), read.lines.of()) == (3, 1, 1)


def test_a_shortening_stands_if_it_names_its_text() -> None:
    assert (
        lint(_second_version("    role: exit", '    shortens: "an act"\n    role: exit').replace("n: 90", "n: 90"))
        == ()
    )
    georgia = SHIPPED["us-ga.yaml"]
    assert lint(georgia) == ()
    assert "shortens" in lint(re.sub(r"    shortens: .*\n", "", georgia))[0].reason


def _second_version(changed: str, to: str) -> str:
    """Wisconsin's notice, and a second version of it that differs by one change."""
    notice = WISCONSIN[WISCONSIN.index("  - id: WI-968.205") :]
    first = notice.replace("    dated: copy\n", "    dated: copy\n    valid_to: 2026-12-31\n")
    second = notice.replace("version: 1", "version: 2").replace("2026-01-01", "2027-01-01")
    assert changed in second
    return WISCONSIN.replace(notice, first) + second.replace(changed, to, 1)


def _line_of_second(changed: str, to: str) -> int:
    return 1 + _second_version(changed, to).splitlines().index("    version: 2")


def test_a_released_entry_is_not_edited_nor_taken_away() -> None:
    pack = packs()["us-wi"]
    assert RELEASED["us-wi"] == entries(pack)
    edited = lint(WISCONSIN.replace("n: 90", "n: 91"), RELEASED["us-wi"])
    assert [defect.reason.partition(";")[0] for defect in edited] == [
        "WI-968.205@1 was released and is not what was released"
    ]
    fewer = check(replace(read_pack(WISCONSIN), value=replace(pack, notice=())), RELEASED["us-wi"])
    assert [defect.reason.partition(";")[0] for defect in fewer] == ["WI-968.205@1 was released and is gone"]


def test_a_text_in_force_learns_that_it_ended() -> None:
    rule = packs()["us-wi"].notice[0]
    assert digest(replace(rule, valid_to=date(2030, 1, 1))) == digest(rule)
    assert digest(replace(rule, silence="never")) != digest(rule)


def test_every_shipped_entry_is_released_and_a_changed_one_cannot_be() -> None:
    released: dict[str, dict[str, str]] = {}
    for pack in packs().values():
        released = release(pack, released)
    assert released == RELEASED == read_released(written_released(released))
    wisconsin = packs()["us-wi"]
    changed = replace(wisconsin, notice=(replace(wisconsin.notice[0], silence="never"),))
    with pytest.raises(Changed) as refused:
        release(changed, released)
    assert refused.value.keys == (f"us-wi:{key(wisconsin.notice[0])}",)


def test_an_unverified_rule_and_a_demonstration_need_a_word() -> None:
    california, demo, wisconsin = packs()["us-ca"], packs()["demo"], packs()["us-wi"]
    assert choosable(wisconsin, wisconsin.notice[0], allow_unverified=False) is None
    assert "allow_unverified" in (choosable(california, california.notice[0], allow_unverified=False) or "")
    assert choosable(california, california.notice[0], allow_unverified=True) is None
    assert "development issuer" in (choosable(demo, demo.notice[0], allow_unverified=True) or "")
    assert choosable(demo, demo.notice[0], allow_unverified=False, dev_issuer=True) is None


@given(st.text(max_size=400))
def test_any_text_gives_a_pack_or_defects(text: str) -> None:
    for read in (read_pack(text), read_calendar(text)):
        assert (read.value is None) == bool(read.defects)
        assert all(1 <= defect.line <= text.count("\n") + len(text) + 1 for defect in read.defects)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.dates() | st.datetimes() | st.text(max_size=8) | st.binary(max_size=4)
    | st.sampled_from(["forever", "collection", "conviction", "S", "day", "court_decides"]),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from(["years", "from", "max", "per_person", "keep", "until", "id", "version", "n", "unit", "start", "when", "x"]), inner, max_size=4
    ),
    max_leaves=12,
)  # fmt: skip
PLACES = [
    ("retention", 0), ("notice", 0), ("retention", 0, "source"), ("retention", 0, "valid_from"), ("retention", 0, "says"), ("title",),
    ("retention", 0, "cases"), ("retention", 0, "cases", 0, "keep"), ("notice", 0, "steps"), ("notice", 0, "steps", 0, "starts_at"),
    ("notice", 0, "steps", 0, "period"), ("notice", 0, "steps", 0, "recipients"), ("notice", 0, "objection"), ("notice", 0, "silence"), ("demo",),
]  # fmt: skip


@given(VALUES, st.sampled_from(PLACES))
def test_any_value_anywhere_gives_a_pack_or_defects(value: object, place: tuple[str | int, ...]) -> None:
    document = yaml.safe_load(WISCONSIN)
    target = document
    for part in place[:-1]:
        target = target[part]
    target[place[-1]] = value
    text = yaml.safe_dump(document)
    read = read_pack(text)
    assert (read.value is None) == bool(read.defects)
    assert read.value is None or lint(text) is not None
    assert all(1 <= defect.line <= text.count("\n") + 1 for defect in read.defects)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "a: " * 10_000,
        "a: &a [x]\nb: [" + "*a, " * 100 + "]",
        "id: " + "x" * MAX_BYTES,
        "version: " + "9" * 5000,
        'id: "\\ud800"',
        "\x00",
        "",
        "- " * (MAX_DEPTH + 1) + "x",
        "<<: {id: x}",
        "? {a: b}\n: c",
        "id: 1:30\nversion: 2001-01-01T00:00:00Z\ntitle: 1.5",
        "\n".join(f"k{n}: v" for n in range(60_000)),
        'id: "\\Uffffffff"',
    ],
)
def test_a_text_made_to_hurt_is_a_defect(text: str) -> None:
    assert read_pack(text).value is None
    assert read_pack(text).defects


@pytest.mark.parametrize(
    ("changed", "to", "reason"),
    [
        ("zone: America/Sao_Paulo", "zone: America/Nowhere", "there is no time zone 'America/Nowhere'"),
        ("weekend: [saturday, sunday]", "weekend: [saturday, sonntag]", "'sonntag' is none of monday"),
        ("last: 2024-01-20", "last: 2023-01-20", "the span 'recesso (CPP 798-A)' ends on 2023-01-20 before"),
        ("day: 2024-04-21", "day: 2024-01-01", "2024-01-01 stands here twice"),
        ("covers_to: 2028-12-31\n", "", "a calendar with holidays or spans says which days it covers"),
    ],
)
def test_a_calendar_that_is_wrong_is_told_so(changed: str, to: str, reason: str) -> None:
    text = texts("calendars")["brazil-national.yaml"]
    assert changed in text
    assert [defect.reason.startswith(reason) for defect in lint_calendar(text.replace(changed, to, 1))] == [True]


def test_every_entry_is_said_in_both_languages() -> None:
    for pack in packs().values():
        for rule in (*pack.retention, *pack.notice):
            assert rule.source.text in page(rule, "es")
            assert rule.says["en"] in page(rule, "en")


def test_the_commands_say_what_they_find(tmp_path: Path) -> None:
    runner, bad = CliRunner(), tmp_path / "bad.yaml"
    bad.write_text(WISCONSIN.replace("n: 90", "n: -1"), "utf-8")
    assert runner.invoke(commands, ["lint"]).output.endswith("files, nothing wrong\n")
    told = runner.invoke(commands, ["lint", str(bad)])
    line = 1 + bad.read_text("utf-8").splitlines().index("        period: {n: -1, unit: day}")
    assert told.exit_code == 1
    assert told.output == f"{bad}:{line}: notice.0.steps.0.period.n: -1 is less than 0\n"
    shown = runner.invoke(commands, ["show", "us-wi", "WI-968.205", "--language", "en"])
    assert shown.exit_code == 0
    assert "90 days from received, after the last day" in shown.output
    assert runner.invoke(commands, ["show", "us-wi", "nothing"]).exit_code == 1
    listed = runner.invoke(commands, ["sources"]).output.splitlines()
    assert len(listed) == 1 + sum(len(pack.retention) + len(pack.notice) for pack in packs().values())


@pytest.mark.parametrize(
    ("name", "unverified", "words"),
    [
        ("us-xx", True, "there is no pack 'us-xx'"),
        ("demo", True, "only with the development issuer"),
        ("chihuahua-reported", False, "needs allow_unverified"),
    ],
)
def test_a_pack_of_which_a_rule_may_not_be_chosen_is_not(name: str, unverified: bool, words: str) -> None:
    with pytest.raises(NotChosen, match=words):
        chosen(name, unverified, False)


def test_a_pack_that_may_be_chosen_is_the_shipped_one() -> None:
    assert chosen("us-wi", False, False) is packs()["us-wi"]
    assert chosen("demo", False, True).demo


def test_a_word_in_place_of_a_text_in_each_language_is_said_with_its_line() -> None:
    reasons = {(one.line, one.path, one.reason) for one in lint("id: here\nversion: 1\ntitle: nothing\n", {})}
    assert (3, "title", "this must be a mapping, and is 'nothing'") in reasons
