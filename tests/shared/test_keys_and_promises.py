"""Keys are made once and kept from others; a promise says which bytes will be sealed, by when."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.events import Actor, Draft, envelope, new_id
from shared.facts.offers import SampleOffered
from shared.keys import KeyUnusable, load_key, make_key, public_text
from shared.promise import Promiser


def test_a_key_is_made_once(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "a.pem"
    first = make_key(path)
    assert public_text(make_key(path).public_key()) == public_text(first.public_key())
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["a.pem"]


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    make_key(tmp_path / "a.pem")
    (tmp_path / "a.pem").chmod(0o640)
    with pytest.raises(KeyUnusable, match="0600"):
        load_key(tmp_path / "a.pem")


def test_an_absent_or_foreign_key_is_refused_with_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(KeyUnusable, match="keys"):
        load_key(tmp_path / "none.pem")
    (tmp_path / "b.pem").touch(0o600)
    (tmp_path / "b.pem").write_text("not a key")
    (tmp_path / "b.pem").chmod(0o600)
    with pytest.raises(KeyUnusable, match="PEM"):
        load_key(tmp_path / "b.pem")


def test_a_promise_names_the_bytes_and_the_day() -> None:
    key = Ed25519PrivateKey.generate()
    event = envelope(
        Draft(f"sample/{new_id()}", SampleOffered(offer=new_id(), to_org=new_id())), source="urn:cadena:demo:custody", sequence=1,
        time=datetime(2026, 1, 31, 9, 30, tzinfo=UTC), actor=Actor(service="custody"), command="0" * 64, ordinal=0,
    )  # fmt: skip
    raw = event.to_bytes()
    promise = Promiser(key).promise(event, raw)
    assert jwt.get_unverified_header(promise)["typ"] == "cadena-promise+jwt"
    assert jwt.decode(promise, key.public_key(), ["EdDSA"]) == {
        "iss": event.source, "event": event.id, "sha256": hashlib.sha256(raw).hexdigest(),
        "time": "2026-01-31T09:30:00.000000Z", "sealed_by": "2026-02-01T09:30:00.000000Z",
    }  # fmt: skip
    assert Promiser(key).promise(event, raw) == promise
    header, claims = jwt.get_unverified_header(promise), jwt.decode(promise, options={"verify_signature": False})
    assert promise == jwt.encode(claims, key, algorithm="EdDSA", headers=header)
