"""Bodies that are no plain JSON, too much of it, or JSON of another shape, for custody and notify alike."""

import gzip
from collections.abc import Iterator

from tests.attack.attack import Attack, Front

PLAIN = "malformed-json"
SHAPE = "invalid-request"

RAW: dict[str, tuple[bytes, int, str]] = {
    "no body": (b"", 400, PLAIN),
    "form fields": (b"address=a%40example.org", 400, PLAIN),
    "cut off": (b'{"address": "', 400, PLAIN),
    "two documents": (b"{}{}", 400, PLAIN),
    "rubbish behind": (b"{} ;DROP TABLE event", 400, PLAIN),
    "a comment": (b'{"a": 1 /* x */}', 400, PLAIN),
    "a member twice": (b'{"name": "A", "name": "B"}', 400, PLAIN),
    "a member twice, once escaped": (b'{"name": "A", "n\\u0061me": "B"}', 400, PLAIN),
    "a member twice, deep": (b'{"a": {"b": [{"c": 1, "c": 2}]}}', 400, PLAIN),
    "a float": (b'{"amount": 1.5}', 400, PLAIN),
    "1e400": (b'{"amount": 1e400}', 400, PLAIN),
    "NaN": (b'{"amount": NaN}', 400, PLAIN),
    "2^53": (b'{"amount": 9007199254740992}', 400, PLAIN),
    "2^63": (b'{"amount": 9223372036854775808}', 400, PLAIN),
    "a number of 100,000 figures": (b'{"amount": ' + b"9" * 100_000 + b"}", 400, PLAIN),
    "a leading zero": (b'{"amount": 01}', 400, PLAIN),
    "not UTF-8": (b'{"name": "\xff\xfe"}', 400, PLAIN),
    "overlong UTF-8": (b'{"name": "\xc0\x80"}', 400, PLAIN),
    "UTF-16": ('{"name": "A"}'.encode("utf-16"), 400, PLAIN),
    "a byte order mark": (b"\xef\xbb\xbf{}", 400, PLAIN),
    "a lone surrogate": (b'{"name": "\\ud800"}', 400, PLAIN),
    "a raw control character": (b'{"name": "A\x01"}', 400, PLAIN),
    "a list 50,000 deep": (b"[" * 50_000 + b"]" * 50_000, 400, PLAIN),
    "an object 20,000 deep": (b'{"a":' * 20_000 + b"1" + b"}" * 20_000, 400, PLAIN),
    "300 kB": (b'{"name": "' + b"A" * 300_000 + b'"}', 413, "body-too-large"),
    "8 MB": (b'{"name": "' + b"A" * 8_000_000 + b'"}', 413, "body-too-large"),
    "a list of nothing": (b"[]", 422, SHAPE),
    "only a text": (b'"name"', 422, SHAPE),
    "null": (b"null", 422, SHAPE),
    "nothing in it": (b"{}", 422, SHAPE),
    "members that nobody knows": (b'{"__proto__": {"role": "court"}, "$where": "1"}', 422, SHAPE),
}
MEDIA: dict[str, tuple[str | None, str]] = {
    "no media type": (None, "not-json"),
    "a form": ("application/x-www-form-urlencoded", "not-json"),
    "text": ("text/plain", "not-json"),
    "XML": ("application/xml", "not-json"),
    "several parts": ("multipart/form-data; boundary=x", "not-json"),
    "another charset": ("application/json; charset=utf-16", "not-json"),
    "nearly JSON": ("application/json-patch+json", "not-json"),
}


def attacks(custody: Front, notify: Front) -> Iterator[Attack]:
    """The same at a route of each service that takes a body."""
    for front, path, body in (
        (custody, "/v1/persons", {"name": "A"}),
        (notify, "/v1/parties", {"address": "a@b.example"}),
    ):
        for name, (raw, status, code) in RAW.items():
            yield front.post(f"{front.service}: {name}", path, raw, status, code)
        for name, (media, code) in MEDIA.items():
            yield front.post(f"{front.service}: {name}", path, body, 415, code, content_type=media)
        bomb = gzip.compress(b'{"name": "' + b"A" * 4_000_000 + b'"}')
        yield front.post(
            f"{front.service}: a compressed bomb", path, bomb, 415, "encoded-body", content_encoding="gzip"
        )
        yield front.post(
            f"{front.service}: compressed twice", path, bomb, 415, "encoded-body", content_encoding="gzip, br"
        )
