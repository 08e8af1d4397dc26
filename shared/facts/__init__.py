"""Every type of event there is, by its wire name. Retired types stay listed: their bytes replay for ever. PURE."""

from shared.facts.auditors import AuditorAppointed, AuditorDismissed
from shared.facts.base import Fact, Part, schema_name
from shared.facts.cases import CaseCounselAppointed, CaseOpened, CasePersonLinked
from shared.facts.holds import HoldLifted, HoldPlaced
from shared.facts.ledger import ForeignMessage
from shared.facts.notices import (
    NoticeAccepted,
    NoticeLost,
    NoticePlanned,
    NoticeRejected,
    NoticeReviewPlanned,
    NoticeReviewUnaddressed,
    NoticeUnaddressed,
    PartyAddressGiven,
    PartyAddressVerified,
    SubscriptionMade,
)
from shared.facts.offers import (
    OfferAccepted,
    OfferMade,
    OfferRefused,
    OfferWithdrawn,
    SampleOffered,
    SampleOfferEnded,
    SampleTransferred,
)
from shared.facts.people import (
    AccountClosed,
    AccountLinked,
    AccountOperatorNamed,
    AccountServiceLinked,
    AccountStopped,
    InstallationFounded,
    InstallationPackChanged,
    OrganisationRegistered,
    PersonRegistered,
)
from shared.facts.proposals import (
    ProposalMade,
    ProposalWithdrawn,
    SampleDestructionProposed,
    SampleDestructionWithdrawn,
)
from shared.facts.refusals import CustodyCommandRefused, NotifyCommandRefused
from shared.facts.retention import ReviewOpened, SampleRetentionChanged, SampleReviewOpened
from shared.facts.samples import SampleAmended, SampleRegistered
from shared.facts.statements import (
    CaseCircumstanceStated,
    CaseDateStated,
    CaseProceedingDecided,
    CaseProceedingOpened,
    CaseRoleEnded,
    CaseStatementWithdrawn,
)

__all__ = ["FACTS", "Fact", "Part", "schema_name"]

_KINDS: tuple[type[Fact], ...] = (
    InstallationFounded, InstallationPackChanged, OrganisationRegistered, PersonRegistered, AccountLinked,
    AccountServiceLinked, AccountOperatorNamed, AccountStopped, AccountClosed, AuditorAppointed, AuditorDismissed,
    CaseOpened, CasePersonLinked, CaseCounselAppointed,
    CaseDateStated, CaseCircumstanceStated, CaseProceedingOpened, CaseProceedingDecided, CaseRoleEnded,
    CaseStatementWithdrawn,
    SampleRegistered, SampleAmended, SampleRetentionChanged, SampleReviewOpened, ReviewOpened,
    OfferMade, SampleOffered, OfferAccepted, SampleTransferred, OfferRefused, OfferWithdrawn, SampleOfferEnded,
    ProposalMade, SampleDestructionProposed, ProposalWithdrawn, SampleDestructionWithdrawn,
    HoldPlaced, HoldLifted,
    CustodyCommandRefused,
    PartyAddressGiven, PartyAddressVerified, SubscriptionMade,
    NoticePlanned, NoticeReviewPlanned, NoticeAccepted, NoticeRejected, NoticeUnaddressed, NoticeReviewUnaddressed,
    NoticeLost, NotifyCommandRefused,
    ForeignMessage,
)  # fmt: skip

FACTS: dict[str, type[Fact]] = {kind.type_name(): kind for kind in _KINDS}
