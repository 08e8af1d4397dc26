"""G7 and G8: whatever is changed in the heads that the log signed is found and named."""

from collections.abc import Callable

import pytest

from tests.verifier.conftest import Auditor, found
from tests.verifier.forge import COSIGNER, ORIGIN, cosign, entries, leaf, mth, private, sign
from tests.verifier.tampering import SIZE, Place, changed, other, put_entry, sound


def rewrite(at: int, **changes: object) -> Callable[[list[dict[str, object]]], None]:
    def do(items: list[dict[str, object]]) -> None:
        items[at].update(changes)

    return do


def head_of(size: int, **options: object) -> str:
    return sign(size, mth([leaf(raw) for raw in entries(size)]), **options)  # type: ignore[arg-type]


FORK = sign(300, bytes(32))
HEAD_CHANGES: list[tuple[str, Callable[[list[dict[str, object]]], object], set[Place]]] = [
    ("text changed", rewrite(5, note=head_of(300).replace("300", "302")), {("head-signature", None, None, 302)}),
    ("signed by another key", rewrite(5, note=head_of(300, key=private(9))), {("head-signature", None, None, 300)}),
    ("of another log", rewrite(5, note=head_of(300, origin="cadena.example/other")), {("head-origin", None, None, 300)}),
    ("not a note", rewrite(5, note="garbage"), {("head-malformed", None, None, 300)}),
    ("not an item", rewrite(5, note=7), {("head-malformed", None, None, None)}),
    ("without a cosignature's place", lambda items: items[5].pop("cosignature"), {("head-malformed", None, None, None)}),
    ("listed under another size", rewrite(5, size=299), {("head-malformed", None, None, 300)}),
    ("forked", rewrite(5, note=FORK, cosignature=cosign(FORK, 1)), {("head-forked", None, None, 300)}),
    ("another head's cosignature", rewrite(5, cosignature=cosign(FORK, 1)), {("head-cosignature", None, None, 300)}),
    (
        "cosigned by another key",
        rewrite(5, cosignature=cosign(head_of(300), 1, private(9))),
        {("head-cosignature", None, None, 300)},
    ),
    ("two roots for one size", lambda items: items.insert(6, {"size": 300, "note": FORK, "cosignature": None}),
     {("head-forked", None, None, 300)}),
    ("twice", lambda items: items.insert(6, dict(items[5])), {("head-order", None, None, 300)}),
    ("in another order", lambda items: items.insert(5, items.pop(6)), {("head-order", None, None, 300)}),
    ("the last one removed", lambda items: items.__delitem__(-1), {("head-missing", None, None, 700)}),
]  # fmt: skip


@pytest.mark.parametrize(("do", "finds"), [row[1:] for row in HEAD_CHANGES], ids=[row[0] for row in HEAD_CHANGES])
def test_g7_a_changed_head_is_found_and_named(
    auditor: Auditor, do: Callable[[list[dict[str, object]]], None], finds: set[Place]
) -> None:
    log = sound()
    items = log.items()
    do(items)
    log.list_heads(items)
    assert found(auditor.audit(log)) == finds


def test_g7_a_published_head_behind_the_list_is_found(auditor: Auditor) -> None:
    log = sound()
    log.publish(log.items()[-2])
    assert found(auditor.audit(log)) == {("tail-cut", 600, 700, 700)}


def test_a_published_head_by_another_key_is_named_and_the_list_still_audited(auditor: Auditor) -> None:
    log = sound()
    put_entry(log, 100, other(100))
    note = sign(SIZE, bytes(32), private(9))
    log.publish({"note": note, "cosignature": cosign(note, 1, COSIGNER)})
    assert found(auditor.audit(log)) == {("head-signature", None, None, 700), changed(100)}


def test_without_one_good_head_nothing_else_is_claimed(auditor: Auditor) -> None:
    log = sound()
    note = sign(SIZE, bytes(32), private(9), ORIGIN)
    log.publish({"note": note, "cosignature": None})
    log.list_heads([])
    assert found(auditor.audit(log)) == {("head-signature", None, None, 700)}


def test_a_last_head_over_other_entries_means_that_its_span_was_rewritten(auditor: Auditor) -> None:
    log = sound()
    note = sign(SIZE, bytes(32))
    item = {"size": SIZE, "note": note, "cosignature": cosign(note, 1)}
    log.list_heads([*log.items()[:-1], item])
    log.publish(item)
    assert found(auditor.audit(log)) == {("history-rewritten", 600, 700, 700)}
