"""Refused commands: one type per service, so that nobody reads a refused lift as a lift. PURE."""

from typing import ClassVar

from shared.facts.base import Fact


class CustodyCommandRefused(Fact):
    """Custody said no to `verb` on `target` for the reason `code`; without subject and version (G9)."""

    name: ClassVar[str] = "custody.command.refused.v1"
    verb: str
    code: str
    target: str


class NotifyCommandRefused(Fact):
    """Notify said no to `verb` on `target` for the reason `code`."""

    name: ClassVar[str] = "notify.command.refused.v1"
    verb: str
    code: str
    target: str
