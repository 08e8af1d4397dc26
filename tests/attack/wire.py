"""What no client library sends: bytes as they are, and what became of the connection."""

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

SECONDS = 20.0


@dataclass(frozen=True)
class Raw:
    """`statuses` are the ones that may come back, in order; none means that the connection is closed without any."""

    name: str
    sent: bytes
    statuses: tuple[tuple[int, ...], ...]


def attacks(token: str) -> Iterator[Raw]:
    """At custody's API. Two requests in one are one or none; nothing is answered that was not asked."""
    auth = f"Authorization: Bearer {token}\r\n"
    json = "Content-Type: application/json\r\nIdempotency-Key: 6f1c9d1e-5b0a-4f0e-9a50-2d1f6f7f0a11\r\n"
    post = f"POST /v1/persons HTTP/1.1\r\nHost: x\r\n{auth}{json}"
    hidden = 'POST /v1/persons HTTP/1.1\r\nHost: x\r\n\r\n{"name": "Oculta"}'
    for name, head, statuses in (
        (
            "length and chunks",
            f"{post}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{hidden}",
            ((400,),),
        ),
        ("two lengths", f"{post}Content-Length: 2\r\nContent-Length: 200\r\n\r\n{{}}{hidden}", ((400,),)),
        ("a length of a word", f"{post}Content-Length: many\r\n\r\n{{}}", ((400,),)),
        ("a length below nothing", f"{post}Content-Length: -1\r\n\r\n{{}}", ((400,),)),
        ("chunks of no number", f"{post}Transfer-Encoding: chunked\r\n\r\nZZ\r\n{{}}\r\n0\r\n\r\n", ((400, 422),)),
        ("chunked twice", f"{post}Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", ((400, 422),)),
        ("a line of its own", f"{post}X: a\nY: b\r\nContent-Length: 2\r\n\r\n{{}}", ((400, 422),)),
        ("a NUL in a header", f"{post}X: a\0b\r\nContent-Length: 2\r\n\r\n{{}}", ((400,),)),
        ("a space before the colon", f"{post}X : a\r\nContent-Length: 2\r\n\r\n{{}}", ((400,),)),
        ("no method", " / HTTP/1.1\r\nHost: x\r\n\r\n", ((400,),)),
        ("another protocol", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", ((400,), ())),
        ("a header of 200 kB", f"{post}X: {'a' * 200_000}\r\nContent-Length: 2\r\n\r\n{{}}", ((400, 431),)),
        (
            "an address of 200 kB",
            f"GET /v1/samples?label={'a' * 200_000} HTTP/1.1\r\nHost: x\r\n{auth}\r\n",
            ((400, 414, 431),),
        ),
    ):
        yield Raw(name, head.encode("latin-1"), statuses)


def statuses(url: str, sent: bytes) -> list[int]:
    """The status of every answer on one connection, until the server or we close it."""
    place = urlsplit(url)
    with socket.create_connection((place.hostname or "", place.port or 80), timeout=SECONDS) as connection:
        try:
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
        except OSError:  # it hung up before it had heard all of it
            return []
        heard = bytearray()
        try:
            while chunk := connection.recv(65_536):
                heard += chunk
        except ConnectionResetError:
            pass
    lines = heard.split(b"HTTP/1.1 ")[1:]
    return [int(line[:3]) for line in lines]
