"""A mail address as a party may give it: the plain form of RFC 5321, one reader, ASCII. PURE."""

import re

# Dot-atom local part (RFC 5322, 3.2.3) and a host name of at least two labels; no quoted strings, comments or literals.
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"({_ATOM}(?:\.{_ATOM})*)@({_LABEL}(?:\.{_LABEL})+)")
MAX_LOCAL, MAX_ADDRESS = 64, 254


def mail_address(value: str) -> str:
    """The address with its domain in lower case; ValueError with what is right, for anything else.

    A domain with letters beyond ASCII is given in its `xn--` form.
    """
    match = _ADDRESS.fullmatch(value)
    if match is None or len(match[1]) > MAX_LOCAL or len(value) > MAX_ADDRESS:
        raise ValueError("a mail address is written as name@example.org, without a display name, in ASCII letters")
    return f"{match[1]}@{match[2].lower()}"
