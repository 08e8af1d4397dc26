"""The bytes of a mail: the same each time, attachments exact, headers that nobody can add to."""

import json
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify import mail
from services.notify.address import mail_address
from services.notify.mail import Attachment
from services.notify.render import Letter
from shared.events import new_id
from tests.services.notify.facts import NOW

SENDER, READER = "no-reply@cadena.example", "ana@example.org"
IDENTIFIER = new_id()


def compose(letter: Letter, recipient: str = READER, *attachments: Attachment) -> bytes:
    return mail.compose(IDENTIFIER, letter, "es", SENDER, recipient, NOW, attachments)


def parsed(raw: bytes) -> EmailMessage:
    message = message_from_bytes(raw, policy=default)
    assert isinstance(message, EmailMessage)
    return message


def test_the_same_notice_gives_the_same_bytes() -> None:
    """A retry is the same message to the reader's mail program, not a second one."""
    files = (Attachment(mail.PROPOSAL, "application/json", b"{}"),)
    letter = Letter("Aviso", "Texto\n")
    assert compose(letter, READER, *files) == compose(letter, READER, *files)


def test_headers_say_who_when_and_that_a_machine_wrote() -> None:
    message = parsed(compose(Letter("Aviso de Peñón", "Texto\n")))
    assert message["Message-ID"] == f"<{IDENTIFIER}@cadena.example>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"].datetime == NOW
    assert message["Subject"] == "Aviso de Peñón"
    assert message["To"] == READER
    assert message.get_content_type() == "text/plain"


def test_plain_text_comes_first_and_lines_end_in_crlf_within_7_bits() -> None:
    raw = compose(Letter("Aviso", "Ñandú " * 60 + "\n"), READER, Attachment(mail.PROPOSAL, "application/json", b"{}"))
    message = parsed(raw)
    first, second = message.iter_parts()
    assert first.get_content_type() == "text/plain"
    assert second.get_filename() == mail.PROPOSAL
    assert raw.isascii()
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998


@given(st.binary(max_size=300), st.sampled_from(["application/json", "application/octet-stream"]))
def test_attachments_arrive_byte_for_byte(content: bytes, content_type: str) -> None:
    message = parsed(compose(Letter("Aviso", "Texto\n"), READER, Attachment("a.json", content_type, content)))
    assert [part.get_payload(decode=True) for part in message.iter_attachments()] == [content]


def test_the_largest_event_fits() -> None:
    content = json.dumps({"pad": "x" * 59_980}).encode()
    message = parsed(
        compose(Letter("Aviso", "Texto\n"), READER, Attachment(mail.PROPOSAL, "application/json", content))
    )
    assert [part.get_payload(decode=True) for part in message.iter_attachments()] == [content]


@pytest.mark.parametrize(
    "recipient",
    ["ana@example.org\r\nBcc: x@example.org", "ana@example.org\nX: y", "a@b, c@d", "", "ana", "<ana@example.org>"],
)
def test_an_address_cannot_add_a_header_or_a_reader(recipient: str) -> None:
    with pytest.raises(ValueError, match="mail address"):
        compose(Letter("Aviso", "Texto\n"), recipient)


@pytest.mark.parametrize(
    "recipient",
    ["ana@example", "ana@-x.org", "a b@example.org", '"a"@example.org', "ana@[127.0.0.1]", "á@example.org",
     "x" * 65 + "@example.org", "a@" + "b" * 64 + ".org", ".a@example.org", "a..b@example.org", "ana@example.org\n"],
)  # fmt: skip
def test_what_is_no_plain_address_is_refused(recipient: str) -> None:
    with pytest.raises(ValueError, match=r"name@example\.org"):
        mail_address(recipient)


@pytest.mark.parametrize(
    "recipient", ["=?utf-8?q?x?=@b.c", "a.=?utf-8?b?eA==?=@b.c", "=?x?q?=0D=0ABcc=3Aa?=@b.c", "=?@b.c", "x=?y@b.c"]
)
def test_an_address_that_a_header_would_read_as_an_encoded_word_is_refused(recipient: str) -> None:
    with pytest.raises(ValueError, match=r"name@example\.org"):
        mail_address(recipient)


@given(
    st.lists(st.sampled_from([*"aZ0!#$%&'*+-/=?^_`{|}~.", "=?", "?=", "?q?", "utf-8", "=0D"]), min_size=1, max_size=30),
    st.sampled_from(["b.c", "xn--a-ecp.example.org", ".".join(["a" * 60] * 3)]),
)
def test_what_is_taken_as_an_address_is_written_and_read_back_the_same(local: list[str], domain: str) -> None:
    try:
        address = mail_address(f"{''.join(local)}@{domain}")
    except ValueError:
        return
    assert [one.addr_spec for one in parsed(compose(Letter("Aviso", "Texto\n"), address))["To"].addresses] == [address]


def test_an_address_keeps_its_local_part_and_lowers_its_domain() -> None:
    assert mail_address("Ana.Ruiz+Casos@EXAMPLE.org") == "Ana.Ruiz+Casos@example.org"


@pytest.mark.parametrize("subject", ["Aviso\r\nBcc: x@example.org", "Aviso\nX: y"])
def test_a_subject_cannot_add_a_header(subject: str) -> None:
    with pytest.raises(ValueError, match=r"(?i)header|newline|linefeed"):
        compose(Letter(subject, "Texto\n"))
