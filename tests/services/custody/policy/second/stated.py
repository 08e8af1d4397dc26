"""What is known, from who said it (points 10, 13 and 24)."""

from datetime import date
from typing import Any

ITEM = ("collection", "exam", "report_issued", "profile_obtained")
CASE = ("offence", "case_solved", "limitation_end")
ANYTHING = None
"""The circumstance may be anything."""

Said = list[dict[str, Any]]


def standing(said: Said) -> tuple[bool, list[Any]]:
    """Whether a court spoke, and what stands: its last word and all that was recorded after it, else all."""
    stand: list[Any] = []
    court = False
    for one in said:
        if one["by"] == "court":
            court, stand = True, []
        stand.append(one.get("value"))
    return court, stand


def known(said: Said, of_item: bool = False) -> date | None:
    """The day, or None: unknown, not yet, not any more."""
    court, stand = standing(said)
    if not stand or None in stand or not (court or of_item):
        return None
    return max(date.fromisoformat(value) for value in stand)


def possible(name: str, case: dict[str, Any], item: dict[str, Any]) -> set[str | None]:
    """What a circumstance may be."""
    own = item.get("circumstances", {}).get(name)
    court, stand = standing(own or case.get("circumstances", {}).get(name, ()))
    return set(stand) if court or own else {*stand, ANYTHING}


def may_hold(when: dict[str, Any], case: dict[str, Any], item: dict[str, Any]) -> bool:
    """Whether each circumstance could be one of those named."""
    return all(
        any(value is ANYTHING or value in named for value in possible(name, case, item)) for name, named in when.items()
    )


def must_hold(when: dict[str, Any], case: dict[str, Any], item: dict[str, Any]) -> bool:
    """Whether each circumstance can only be one of those named."""
    return all(
        all(value is not ANYTHING and value in named for value in possible(name, case, item))
        for name, named in when.items()
    )


def prisoner(question: dict[str, Any]) -> bool:
    """Whether everybody says that every case of the item is a prisoner's."""
    cases = [case["facts"] for case in question["cases"]]
    return bool(cases) and all(possible("custody", case, question["item"]) == {"detained"} for case in cases)


def has_role(person: dict[str, Any], roles: Any) -> bool:
    """Whether the person has one of the roles that no court ended."""
    return any(role["role"] in roles and not role.get("ended", False) for role in person["roles"])


def pending(case: dict[str, Any]) -> bool:
    """Whether a proceeding of the case has no decision that a court entered."""
    return any(known(one.get("decided", ())) is None for one in case.get("proceedings", ()))
