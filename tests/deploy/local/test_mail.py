"""The mail sink keeps what it gets, byte for byte, and counts on after a restart."""

import smtplib
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from deploy.local.mail import MailSink


def message(message_id: str, text: str) -> EmailMessage:
    made = EmailMessage(policy=policy.SMTP)
    made["From"], made["To"], made["Subject"] = "cadena@example.org", "defensa@example.org", "Aviso · хабарлама"
    made["Message-ID"] = message_id
    made.set_content(text)
    made.add_attachment(b'{"a":1}', maintype="application", subtype="json", filename="proposal.json")
    return made


def send(sink: MailSink, *messages: EmailMessage) -> None:
    with smtplib.SMTP("127.0.0.1", sink.port, timeout=10) as client:
        for one in messages:
            client.send_message(one)


def test_what_is_sent_is_kept_also_over_a_restart(tmp_path: Path) -> None:
    sink = MailSink(tmp_path / "a state")
    sink.start()
    send(sink, message("<1@example.org>", "uno"), message("<2@example.org>", "dos\n.\nlínea"))
    address = sink.url
    sink.stop()

    again = MailSink(tmp_path / "a state")
    again.start()
    try:
        assert again.url == address
        send(again, message("<3@example.org>", "tres"))
    finally:
        again.stop()

    kept = sorted(again.folder.glob("*.eml"))
    assert [path.name[:7] for path in kept] == ["000001-", "000002-", "000003-"]
    read = [message_from_bytes(path.read_bytes(), policy=policy.SMTP) for path in kept]
    assert [one["Message-ID"] for one in read] == ["<1@example.org>", "<2@example.org>", "<3@example.org>"]
    body = read[1].get_body(("plain",))
    assert body is not None
    assert body.get_content().splitlines() == ["dos", ".", "línea"]
    assert [part.get_filename() for part in read[1].iter_attachments()] == ["proposal.json"]
    assert kept[0].stat().st_mode & 0o077 == 0
