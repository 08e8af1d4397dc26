"""What a reader makes of one message: the log's word, a stranger's, or a forgery."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.notes import VerifierKey, write_note
from shared.sealed_message import Forged, Stranger, parse_message
from tests.shared.sealed_topics import Log

LOG = Log()
LOG.grow(3, 4)
KEY = VerifierKey.parse(LOG.vkey)
GOOD = LOG.message(3, 7, generation=2, places={"a": 5})


def altered(**changes: bytes | None) -> dict[str, bytes]:
    headers = dict(GOOD.headers)
    for name, value in changes.items():
        header = f"cadena-{name}"
        if value is None:
            del headers[header]
        else:
            headers[header] = value
    return headers


def test_a_sealed_message_says_what_was_sent() -> None:
    message = parse_message(GOOD.headers, GOOD.value, KEY)
    assert (message.first, message.entries, message.generation) == (3, LOG.entries[3:7], 2)
    assert (message.next_offsets, message.head.size, message.head.root) == ({"a": 5}, 7, LOG.root(7))
    assert message.head.note == LOG.note(7)


@pytest.mark.parametrize(
    "headers",
    [
        altered(head=None),
        altered(head=b""),
        altered(head=b"\xff"),
        altered(head=Log(seed=2).signer.key.vkey.encode()),
        altered(head=write_note("text\n", [Log(seed=2).signer.sign("text\n")]).encode()),
    ],
)
def test_what_the_log_has_not_signed_is_a_strangers(headers: dict[str, bytes]) -> None:
    with pytest.raises(Stranger):
        parse_message(headers.items(), GOOD.value, KEY)


@pytest.mark.parametrize(
    ("headers", "value"),
    [
        (altered(first=None), GOOD.value),
        (altered(first=b"-3"), GOOD.value),
        (altered(first=b"4"), GOOD.value),
        (altered(first=b"9" * 30), GOOD.value),
        (altered(generation=b"one"), GOOD.value),
        (altered(next=b'{"a":5.0}'), GOOD.value),
        (altered(next=b'{"a":5,"a":6}'), GOOD.value),
        (altered(next=b"[]"), GOOD.value),
        (altered(next=b'{"a":true}'), GOOD.value),
        (altered(head=LOG.note(7).replace("\n7\n", "\n8\n").encode()), GOOD.value),
        (altered(head=write_note("no head\n", [LOG.signer.sign("no head\n")]).encode()), GOOD.value),
        (altered(), GOOD.value[:-1]),
        (altered(), GOOD.value + b"\x00"),
        (altered(), GOOD.value + b"\x00\x00"),
        (altered(), None),
    ],
)
def test_a_signed_head_on_what_the_log_would_not_send_is_a_forgery(headers: dict[str, bytes], value: bytes) -> None:
    with pytest.raises(Forged):
        parse_message(headers.items(), value, KEY)


@given(st.dictionaries(st.sampled_from(["first", "head", "generation", "next"]), st.binary(max_size=40)), st.binary())
def test_no_message_breaks_the_reader(changes: dict[str, bytes], value: bytes) -> None:
    headers = {f"cadena-{name}": given for name, given in changes.items()}
    with pytest.raises((Stranger, Forged)):
        parse_message({**dict(GOOD.headers), **headers}.items(), value + b"\xff", KEY)
