"""Who reads entries, folded from sealed facts in the order of the log: accounts, their end, and courts' auditors. PURE.

Of several facts about one account the lowest index counts. An account that was closed leaves its digest free for
another one, which a later fact links.
"""

from collections import defaultdict
from dataclasses import dataclass, field

from services.audit.authorise import Reader
from shared.facts import Fact
from shared.facts.auditors import AuditorAppointed, AuditorDismissed
from shared.facts.people import AccountClosed, AccountLinked, AccountServiceLinked, InstallationFounded

READ: tuple[type[Fact], ...] = (
    InstallationFounded, AccountLinked, AccountServiceLinked, AccountClosed, AuditorAppointed, AuditorDismissed,
)  # fmt: skip


@dataclass(slots=True)
class Readers:
    """Readers by account digest. A subject is `account/<id>` or `auditor/<id>`."""

    _digests: dict[str, str] = field(default_factory=dict)
    """Subject → digest, of every subject that a fact began."""
    _accounts: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Digest → the subject that it is now, and its role."""
    _appointed: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Digest → the appointments that stand."""
    _known: set[str] = field(default_factory=set)

    def reader(self, account: str) -> Reader:
        """What the facts so far say of the account with this digest."""
        _, role = self._accounts.get(account, ("", None))
        return Reader(account in self._known, role, bool(self._appointed.get(account)))

    def take(self, subject: str, fact: Fact) -> None:
        """The next fact. One that says nothing of accounts, or does not follow, changes nothing."""
        match fact:
            case InstallationFounded():
                self._link(f"account/{fact.registrar.account}", fact.registrar.account_digest, "registrar")
            case AccountLinked() | AccountServiceLinked():
                self._link(subject, fact.account_digest, fact.role)
            case AccountClosed():
                digest = self._digests.get(subject, "")
                if self._accounts.get(digest, ("", ""))[0] == subject:
                    del self._accounts[digest]
            case AuditorAppointed():
                if self._begin(subject, fact.account_digest):
                    self._appointed[fact.account_digest].add(subject)
            case AuditorDismissed():
                self._appointed[self._digests.get(subject, "")].discard(subject)
            case _:
                pass

    def _link(self, subject: str, digest: str, role: str) -> None:
        if digest not in self._accounts and self._begin(subject, digest):
            self._accounts[digest] = (subject, role)

    def _begin(self, subject: str, digest: str) -> bool:
        """Whether this is the first fact of the subject: nothing begins twice, nor after its end."""
        self._known.add(digest)
        is_first = subject not in self._digests
        self._digests.setdefault(subject, digest)
        return is_first
