"""The accounts that play in the demo, each with a caller at the services that its role uses."""

from functools import cached_property
from pathlib import Path

from deploy.demo.client import Caller
from deploy.local.cast import MEMBERS, audiences
from deploy.local.stack import Stack

TOKEN_SECONDS = 3600


class Troupe:
    """Callers by role, ids by name."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self._callers: dict[tuple[str, str], Caller] = {}

    def at(self, service: str, who: str) -> Caller:
        """The account `who` (a key of `cast.MEMBERS`) calling a service."""
        if (service, who) not in self._callers:
            url = self.stack.wiring.url(f"{service} api")
            self._callers[service, who] = Caller(url, self.token(who))
        return self._callers[service, who]

    def token(self, who: str) -> str:
        """An access token of the dev issuer."""
        return self.stack.issuer.mint(who, audiences(MEMBERS[who]), [], TOKEN_SECONDS)

    def organisation(self, name: str) -> str:
        """An organisation's id."""
        return self.stack.directory["organisations"][name]

    def person(self, name: str) -> str:
        """A person's id."""
        return self.stack.directory["persons"][name]

    @property
    def promises(self) -> list[str]:
        """Every promise that any caller was given."""
        return [promise for caller in self._callers.values() for promise in caller.promises]

    @cached_property
    def vkey(self) -> str:
        """The log's key, from which all trust starts."""
        return self.stack.wiring.vkey_file.read_text().strip()

    @property
    def log_url(self) -> str:
        """Where the log is read."""
        return self.stack.wiring.url("audit api")

    def folder(self, name: str) -> Path:
        """A folder for what the demo leaves behind."""
        path = self.stack.state / name
        path.mkdir(exist_ok=True)
        return path
