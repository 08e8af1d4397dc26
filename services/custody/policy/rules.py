"""What a rule of law says, as data: when to keep until, whom to tell, when a window ends. PURE.

The members are what a pack writes; docs/law/counting.md says what they do.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from services.custody.policy.expressions import Expression

Language = Literal["es", "en"]
Mark = Literal["S", "P", "R", "S/P", "S/R", "R/P", "P/R", "S(old)", "S(report)", "S(kk)"]
"""How the text is known: S was seen; P in part; R is recalled. Only S alone is verified."""
Circumstance = Literal[
    "offence_class", "capital", "solved", "victim_age", "stage", "sentence", "custody", "plea", "reported", "material"
]
"""What a rule may ask of a case or an item; the values are codes of the pack's own (`capital: [capital]`)."""
Circumstances = dict[Circumstance, tuple[str, ...]]
Unit = Literal["second", "day", "business_day", "month", "year"]
Count = Annotated[int, Field(ge=0, le=100_000)]
RecipientKind = Literal[
    "convicted",
    "accused",
    "victim",
    "relative_donor",
    "counsel",
    "public_defender",
    "innocence_organisation",
    "court",
    "prosecutor",
    "attorney_general",
    "custodian",
]
PROSECUTION: frozenset[RecipientKind] = frozenset({"prosecutor", "attorney_general", "custodian"})
CHAIN: tuple[RecipientKind, ...] = ("counsel", "public_defender", "innocence_organisation", "court")
"""Who is told, in this order, where the law names nobody."""
Service = Literal["received", "served", "proof_received", "judicial_notification", "petition_delivered"]
CaseStart = Literal["petition_filed", "order_entered", "lab_request", "lab_told"]
Start = Service | CaseStart | Literal["sent", "delivered"]
Proof = Literal[
    "acknowledgement", "postal_receipt", "personal_service", "court_record", "sworn_statement", "mail_server"
]


@dataclass(frozen=True, slots=True)
class Source:
    """Where the rule is written: `text` names the statute and its place; `seen` whether we read it, and `mark` how."""

    text: Annotated[str, Field(min_length=3)]
    text_seen: bool
    mark: Mark
    reviewed_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What each rule of a pack states of itself. `version` counts the texts that were in force one after the other."""

    id: Annotated[str, Field(pattern=r"^[A-Z0-9][A-Za-z0-9.\-]{1,60}$")]
    version: Annotated[int, Field(ge=1)]
    source: Source
    valid_from: date
    valid_to: date | None = None
    """The last day on which the text was in force."""
    says: dict[Language, str]
    """The rule in one sentence, for people."""
    dated: Literal["stated", "earliest", "copy"] = "stated"
    """What `valid_from` is: the day that the text names; a day before which it cannot have been in force; or the
    year of the copy that was seen, and the text may be older."""
    shortens: str | None = None
    """The text by which an end may come earlier than under the version before; without it none may."""

    @property
    def verified(self) -> bool:
        """Whether the text was seen, whole, as it stands in force."""
        return self.source.mark == "S" and self.source.text_seen


@dataclass(frozen=True, slots=True)
class RetentionCase:
    """`keep` for the cases and items that `when` describes; a duty to look at them again by a day."""

    keep: Expression
    when: Circumstances = field(default_factory=dict)
    review_by: Expression | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionRule(Entry):
    """Until when an item is kept: the first case that holds."""

    cases: Annotated[tuple[RetentionCase, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Period:
    """A number of units; `second` for demonstrations alone."""

    n: Count
    unit: Unit


@dataclass(frozen=True, slots=True)
class Wait:
    """A period after an order before it takes effect."""

    n: Count
    unit: Unit
    day_rule: Literal["on", "after"] = "on"


@dataclass(frozen=True, slots=True)
class ExecuteWithin:
    """The period from a fact within which the act must be done."""

    n: Count
    unit: Unit
    since: Annotated[Start, Field(alias="from")]


@dataclass(frozen=True, slots=True)
class Required:
    """A kind of party that must be told, and who is told in its place where there is none."""

    kind: RecipientKind
    fallback: tuple[RecipientKind, ...] = ()
    if_any: bool = False


@dataclass(frozen=True, slots=True)
class StartOf:
    """The start of every required recipient, or of those of one kind: the last of them."""

    start: Start
    of: RecipientKind | None = None


@dataclass(frozen=True, slots=True)
class LaterOf:
    """The last of several starts."""

    later_of: Annotated[tuple[StartOf, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class EarlierOf:
    """The first of several starts that there is."""

    earlier_of: Annotated[tuple[StartOf, ...], Field(min_length=1)]


CountBack = Literal["count_back_from_planned"]
StartsAt = StartOf | LaterOf | EarlierOf | CountBack


@dataclass(frozen=True, slots=True)
class Objection:
    """What an objection does. `until` belongs to `hold_until`."""

    effect: Literal["absolute_bar", "court_decides", "burden_on_state", "hold_until", "transfer_possession_offer"]
    until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeStep:
    """One notice: who is told, and when its window ends."""

    recipients: tuple[Required, ...]
    starts_at: StartsAt
    period: Period | None
    floor: Period | None = None
    service_by: tuple[Proof, ...] = ()
    on_bounce: Literal["restart", "ignore"] = "restart"
    day_rule: Literal["on", "after"] = "after"
    missing_day: Literal["next_day"] = "next_day"
    roll: Literal["next_business_day", "none"] = "next_business_day"
    suspended: Literal["observe", "ignore"] = "observe"


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeRule(Entry):
    """Whom to warn before a destruction, and what their silence and their objection mean."""

    steps: Annotated[tuple[NoticeStep, ...], Field(min_length=1)]
    role: Literal["condition", "exit"] = "condition"
    not_before: Expression | None = None
    objection: Objection
    silence: Literal["proceed", "court_still_decides", "never"]
    forbidden: tuple[Circumstances, ...] = ()
    portion: Literal["none", "dna_sufficient", "identifying"] = "none"
    post_order_wait: Wait | None = None
    execute_within: ExecuteWithin | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """The rules of one place. `version` grows with each change of any of them."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,40}$")]
    version: Annotated[int, Field(ge=1)]
    title: dict[Language, str]
    demo: bool = False
    """Periods in seconds are allowed, and everything made under the pack says DEMO."""
    retention: tuple[RetentionRule, ...] = ()
    notice: tuple[NoticeRule, ...] = ()
