"""Which events belong to a case: its own, and those of what its events name. PURE."""

from collections.abc import Iterator
from typing import Any

REFERENCES = frozenset(
    {"case", "sample", "samples", "root", "offer", "proposal", "hold", "notice", "objection", "request"}
)
"""Members whose value is the id of something that lies in a case, or a list of such ids."""
PERSONS = frozenset({"person", "counsel", "client", "party"})
OF_PERSONS = ("person", "party")
NEVER = ("organisation", "account", "installation")
"""Subjects that lie in no case."""


class Ties:
    """Learns what is tied to a case from its events, in any order, and says which events are."""

    def __init__(self, case: str) -> None:
        self._tied, self._persons = {case}, set[str]()
        self._case = case

    def learn(self, events: list[dict[str, Any]]) -> None:
        """Follow the references among the events until nothing new is tied."""
        waiting = events
        while waiting:
            loose = [event for event in waiting if not self.ties(event)]
            if len(loose) == len(waiting):
                return
            for event in waiting:
                if self.ties(event):
                    self._tie(event)
            waiting = loose

    def ties(self, event: dict[str, Any]) -> bool:
        """Whether the event concerns the case, by what is tied so far."""
        kind, _, name = str(event.get("subject", "")).partition("/")
        if kind in OF_PERSONS:
            return name in self._persons
        if kind in NEVER:
            return False
        if name in self._tied:
            return True
        data = event["data"]
        if kind == "sample":  # an item is tied by its own case, not by an offer that it shares with others
            return bool(data.get("case") == self._case)
        if event["outcome"] == "refused":
            return str(data.get("target", "")).rpartition("/")[2] in self._tied
        return any(reference in self._tied for reference in _named(data, REFERENCES))

    def _tie(self, event: dict[str, Any]) -> None:
        kind, _, name = str(event.get("subject", "")).partition("/")
        if event["outcome"] == "refused" or kind in OF_PERSONS:
            return
        self._tied.add(name)
        if name == self._case:
            self._persons.update(_named(event["data"], PERSONS))
        else:
            # What an event of the case's own item is under; not other cases, nor other items of the same offer.
            self._tied.update(_named(event["data"], REFERENCES - {"case", "sample", "samples", "root"}))


def _named(value: Any, members: frozenset[str]) -> Iterator[str]:
    """The ids under members of these names, however deep."""
    if isinstance(value, dict):
        for name, item in value.items():
            if name in members:
                yield from (one for one in (item if isinstance(item, list) else [item]) if isinstance(one, str))
            if isinstance(item, dict | list):
                yield from _named(item, members)
    elif isinstance(value, list):
        for item in value:
            yield from _named(item, members)
