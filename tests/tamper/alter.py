"""What chance does to one value of a row. PURE."""

from collections.abc import Sequence
from random import Random

WORDS = "0123456789abcdefABCDEF+/=\n. —"


def place(chance: Random, end: int, edges: Sequence[int] = ()) -> int:
    """A place below `end`: half of the time anywhere, half of the time at an edge: first, last, or one that is given."""
    known = [edge for edge in {0, end - 1, *edges} if 0 <= edge < end]
    return chance.choice(sorted(known)) if chance.random() < 0.5 else chance.randrange(end)


def altered(chance: Random, raw: bytes, *, same_length: bool = False) -> tuple[str, bytes]:
    """What was done in a few words, and other bytes: never the same ones, and never none."""
    kinds = ["flip", "set"] if same_length else ["flip", "set", "cut", "extend"]
    kind, at = chance.choice(kinds), place(chance, len(raw), (255, 256))
    if kind == "cut" and at:
        return f"cut to {at} bytes", raw[:at]
    if kind == "extend":
        more = chance.randbytes(chance.choice((1, 2, 32, 300)))
        return f"{len(more)} bytes more", raw + more
    if kind == "set":
        other = chance.choice([value for value in (0, 10, 0x22, 0x7B, 0x80, 0xFF) if value != raw[at]])
        return f"byte {at} set to {other}", raw[:at] + bytes([other]) + raw[at + 1 :]
    bit = chance.randrange(8)
    return f"bit {bit} of byte {at} flipped", raw[:at] + bytes([raw[at] ^ 1 << bit]) + raw[at + 1 :]


def altered_text(chance: Random, text: str) -> tuple[str, str]:
    """The same for text that must stay text."""
    kind, at = chance.choice(("set", "cut", "extend", "drop")), place(chance, len(text))
    if kind == "cut" and at:
        return f"cut to {at} characters", text[:at]
    if kind == "extend":
        more = "".join(chance.choices(WORDS, k=chance.choice((1, 2, 70))))
        return f"{more!r} behind", text + more
    if kind == "drop":
        return f"character {at} taken out", text[:at] + text[at + 1 :]
    other = chance.choice([word for word in WORDS if word != text[at]])
    return f"character {at} set to {other!r}", text[:at] + other + text[at + 1 :]


def two(chance: Random, values: Sequence[int]) -> tuple[int, int]:
    """Two different ones of them."""
    one, other = chance.sample(list(values), 2)
    return one, other
