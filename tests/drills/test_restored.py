"""A day that a database loses (design 3.14): each service refuses what it must, takes back what it lacks, works on."""

import email
import email.policy
import json
import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.callers import Kept
from tests.chaos.ledger import metric
from tests.drills.yard import Yard

LINE = "Cadena-Behind-The-Log"


@pytest.fixture(autouse=True)
def calm(yard: Yard) -> None:
    """Every drill begins with everything at work."""
    yard.until(yard.mayhem.is_ready, "everything to be ready")


def problem(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].rpartition(":")[2]


def repeated(yard: Yard, kept: list[Kept]) -> list[str]:
    """Send each command of a list again: the same answer but for its promises, and those are given anew."""
    promises = []
    for one in kept:
        again = yard.callers.again(one)
        assert again.status_code == one.status, again.text
        told = again.json()
        if again.content != one.answer:
            assert told.pop("replayed") == "restored"
            promises += told.pop("promises")
            before = {name: value for name, value in one.said.items() if name not in ("promises", "detail")}
            assert {name: value for name, value in told.items() if name != "detail"} == before
        assert yard.callers.again(one).content == again.content, "from now on byte for byte"
    return promises


def test_g1_custody_restored_from_yesterdays_dump_takes_back_what_it_lacks_and_registers_nothing_twice(
    yard: Yard, tmp_path: Path
) -> None:
    old = [yard.sample() for _ in range(3)]
    held = yard.hold(old[0].said["id"])
    yard.sealed()
    dump = yard.dump("custody", tmp_path)
    mark = len(yard.callers.kept)
    new = [yard.sample("lab_2") for _ in range(3)]
    yard.office.refused(new[0], yard.rng)
    yard.office.hand_over("lab_2", [new[1].said, new[2].said], yard.rng)
    lifted = yard.callers.do(
        "custody", "court", f"/v1/holds/{held.said['id']}:lift", {"reason": "Terminado."}, yard.rng, expect=(200,)
    )
    yard.sealed()
    with yard.frozen("audit writer"):
        forgotten = [yard.sample("lab"), yard.hold(new[0].said["id"])]
        yard.published()
        assert yard.log.look()
        assert yard.log.missing(forgotten) == 2, "in the topic, and in nobody's log"
        yard.stop("custody")
        yard.restore("custody", dump)
        yard.start("custody api", "custody worker")

        refused = yard.ask("custody", "lab", "POST", "/v1/samples", json=new[0].body | {"label": "NEW-1"},
                           headers={"Idempotency-Key": str(uuid.uuid4())})  # fmt: skip
        assert problem(refused) == (503, "behind-the-log")
        assert int(refused.headers["Retry-After"]) > 0
        read = yard.ask("custody", "lab", "GET", f"/v1/samples/{old[0].said['id']}")
        assert (read.status_code, read.headers[LINE]) == (200, "true")
        unseen = yard.ask("custody", "lab", "GET", f"/v1/samples/{uuid.uuid4()}")
        assert problem(unseen) == (503, "behind-the-log")
        meanwhile = yard.hold(old[1].said["id"])
        assert "BehindTheLog" in yard.readiness("custody worker")
        assert metric(yard.stack, "custody worker", "cadena_behind_the_log") == 1
    yard.until(
        lambda: metric(yard.stack, "custody worker", "cadena_behind_the_log") == 0, "custody to have it all back"
    )
    promises = repeated(yard, yard.callers.kept[mark:])
    assert len(promises) > 10
    assert yard.ask("custody", "lab", "GET", f"/v1/samples/{old[0].said['id']}").headers.get(LINE) is None
    hold = yard.callers.get("custody", "court", f"/v1/holds/{held.said['id']}")
    assert (hold["status"], hold["version"]) == ("lifted", lifted.said["version"])
    assert yard.callers.get("custody", "court", f"/v1/holds/{meanwhile.said['id']}")["status"] == "standing"
    lost = yard.callers.get("custody", "lab_2", f"/v1/samples/{new[0].said['id']}")
    assert (lost["collected_place"], lost["lost"]) == (None, ["collected_place"])
    assert yard.sample().status == 201
    yard.all_is_well(tmp_path / "promises", promises)


def test_g1_a_hold_sent_again_while_custody_is_behind_is_the_hold_that_the_log_gives_back(
    yard: Yard, tmp_path: Path
) -> None:
    sample = yard.sample()
    yard.sealed()
    dump = yard.dump("custody", tmp_path)
    with yard.frozen("audit writer"):
        hold = yard.hold(sample.said["id"])
        yard.published()
        yard.stop("custody")
        yard.restore("custody", dump)
        (yard.stack.wiring.service_state("custody") / "sealed-index").unlink()  # no file: custody cannot tell
        yard.start("custody api", "custody worker")
        again = yard.callers.again(hold)
        assert (again.status_code, again.json()["id"]) == (201, hold.said["id"])
    yard.until(
        lambda: metric(yard.stack, "custody worker", "cadena_behind_the_log") == 0, "custody to have it all back"
    )
    listed = yard.callers.get("custody", "court", f"/v1/samples/{sample.said['id']}/holds")["items"]
    assert [one["id"] for one in listed] == [hold.said["id"]]
    assert metric(yard.stack, "custody worker", "cadena_custody_foreign_seals_total") == 0
    yard.all_is_well(tmp_path / "promises", again.json()["promises"])


def test_g1_notify_restored_from_yesterdays_dump_sends_nothing_twice_and_says_what_is_lost(
    yard: Yard, tmp_path: Path
) -> None:
    first, second = yard.sample(), yard.sample()
    yard.office.propose([first.said["id"]], yard.rng)
    yard.until(lambda: notices(yard).count("accepted") >= 1, "the first notice to be accepted")
    yard.sealed()
    dump = yard.dump("notify", tmp_path)
    mark = len(yard.callers.kept)
    yard.office.propose([second.said["id"]], yard.rng)
    yard.office.give("lab", "laboratorio@example.org", yard.rng)
    yard.until(lambda: notices(yard).count("accepted") >= 2, "the second notice to be accepted")
    yard.sealed()
    mails, planned = letters(yard), len(notices(yard))
    with yard.frozen("audit writer"):
        yard.stop("notify")
        yard.restore("notify", dump)
        yard.start("notify api", "notify worker")
        given = yard.ask("notify", "lab", "POST", "/v1/parties", json={"address": "x@example.org"},
                         headers={"Idempotency-Key": str(uuid.uuid4())})  # fmt: skip
        assert problem(given) == (503, "behind-the-log")
    yard.until(lambda: metric(yard.stack, "notify worker", "cadena_behind_the_log") == 0, "notify to have it all back")
    promises = repeated(yard, [one for one in yard.callers.kept[mark:] if one.service == "notify"])
    assert len(notices(yard)) == planned
    assert notices(yard).count("accepted") >= 2
    assert letters(yard) == mails, "nobody was told of one proposal under two Message-IDs"
    party = yard.callers.get("notify", "lab", f"/v1/parties/{yard.stack.directory['persons']['lab']}")
    assert party["address"] is None, "given after the backup: the text is nowhere"
    yard.all_is_well(tmp_path / "promises", promises)


def notices(yard: Yard) -> list[str]:
    """What became of each notice."""
    return yard.sql("notify", "SELECT status FROM notice ORDER BY id").split()


def letters(yard: Yard) -> set[tuple[str, str]]:
    """Proposal and Message-ID of every notice that the mail server has."""
    folder = yard.stack.backends.mail_folder
    assert folder is not None
    found = set()
    for path in folder.glob("*.eml"):
        message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        for part in message.iter_attachments():
            if part.get_filename() == "proposal.json":
                found.add((json.loads(part.get_content())["subject"], str(message["Message-ID"])))
    return found


def test_g8_audit_restored_from_yesterdays_dump_refuses_to_sign_whatever_it_is_told(yard: Yard, tmp_path: Path) -> None:
    yard.sealed()
    dump = yard.dump("audit", tmp_path)
    kept = [yard.sample() for _ in range(3)]
    yard.sealed()
    (tmp_path / "newest").mkdir()
    newest = yard.dump("audit", tmp_path / "newest")
    file = yard.stack.wiring.service_state("audit") / "head"
    head, size = file.read_text(), len(yard.log.leaves)
    yard.stop("audit")
    yard.restore("audit", dump)
    for adopt, remembered, sentence in (
        (False, head, "it was set back"),
        (True, head, "it was set back"),
        (False, None, "--adopt-head"),
        (True, None, "that the database does not hold"),
    ):
        file.unlink(missing_ok=True) if remembered is None else file.write_text(remembered)
        code, said = yard.run("audit", "writer", *(["--adopt-head"] if adopt else []))
        assert (code, sentence in said) == (2, True), said[-2000:]
        assert int(yard.sql("audit", "SELECT max(size) FROM head")) < size
    file.write_text(head)
    yard.restore("audit", newest)
    yard.start("audit writer", "audit api")
    kept.append(yard.sample())
    yard.all_is_well(tmp_path / "promises")
