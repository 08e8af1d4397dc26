"""Every reason custody says no, one class each: the docstring is the rule. PURE."""

from dataclasses import dataclass

from shared.errors import Refusal


@dataclass(frozen=True, slots=True)
class UnknownReference:
    """The body names a thing that does not exist: a mistake of the request (422 `unknown-reference`), not a fact.

    `reference` is `<noun>/<id>`.
    """

    reference: str


class RoleForbids(Refusal):
    """Standing is not power: the role may not do this, or not in its relation to this thing (G9, G12)."""

    code = "role-forbids"
    title = "Your role does not permit this"
    status = 403


class OccurredInTheFuture(Refusal):
    """What happened, or was collected, lies in the past of custody's clock, give or take its tolerance."""

    code = "occurred-in-the-future"
    title = "It cannot have happened yet"


class AlreadyLinked(Refusal):
    """An account is one person in one organisation with one role; a person has a role in a case once."""

    code = "already-linked"
    title = "The link is there already"


class RoleNotOfTheOrganisation(Refusal):
    """A role is exercised in an organisation of its kind: no account of a court in a prosecutor's office (G2)."""

    code = "role-not-of-the-organisation"
    title = "An organisation of this kind has no such role"


class OperatorNotOfTheOrganisation(Refusal):
    """Who answers for a system is a person with an open account of their own in its organisation: each event has
    somebody who can be asked.
    """

    code = "operator-not-of-the-organisation"
    title = "The operator has no account of their own in this organisation"


class NotAService(Refusal):
    """Systems have operators; a person's own account is that person for good."""

    code = "not-a-service"
    title = "This account is a person's own"


class AccountIsClosed(Refusal):
    """A closed account stays closed; whoever returns is linked anew."""

    code = "account-closed"
    title = "The account is closed"


class OwnAccount(Refusal):
    """Nobody closes the account that they act by: so the last registrar cannot lock everyone out."""

    code = "own-account"
    title = "This is your own account"


class LastAccountOfCounsel(Refusal):
    """Counsel of record without an account could object to nothing: a court, who appoints counsel, may do that (G2)."""

    code = "last-account-of-counsel"
    title = "It is the last account of a counsel of record"


class AlreadyAuditor(Refusal):
    """An account is appointed to read entries once at a time."""

    code = "already-auditor"
    title = "The account is appointed already"


class NotAuditorAnyMore(Refusal):
    """An appointment ends once."""

    code = "auditor-dismissed"
    title = "The appointment has ended already"


class NotAnAuthority(Refusal):
    """Cases are kept by courts and prosecutors' offices."""

    code = "not-an-authority"
    title = "This organisation keeps no cases"


class AlreadyAppointed(Refusal):
    """Counsel is of record for a client in a case once."""

    code = "already-appointed"
    title = "Counsel is of record already"


class TooManyStatements(Refusal):
    """A case holds at most 300 statements, the withdrawn ones among them: it is read and written as a whole."""

    code = "too-many-statements"
    title = "The case has as many statements as it can hold"


class NotStatedAnyMore(Refusal):
    """A statement is taken back once."""

    code = "not-stated-any-more"
    title = "The statement was taken back already"


class NotCounsel(Refusal):
    """Counsel is a person with a defence account: someone who can be served and can act."""

    code = "not-counsel"
    title = "This person has no account of a defence organisation"


class RepresentationUnfit(Refusal):
    """Who represents whom by which document: an organisation a convicted or accused person by that person's word or a
    court's, a public defender by a court or the registry, a victim's representative a victim. Counsel of record may
    enter an organisation that their own client authorised; all else is entered by a court.
    """

    code = "representation-unfit"
    title = "The document, the client and the representation do not fit together"


class TooManyCounsel(Refusal):
    """A case has at most 50 counsel of record: a proposal names each of them, and its items, in one event of at most
    60,000 bytes. Of a case with more than fit, no proposal could be recorded, and nobody would be warned.
    """

    code = "too-many-counsel"
    title = "The case has as many counsel of record as there can be"


class ClientNotInTheCase(Refusal):
    """Counsel speaks for a person of the case; who is not linked to it has nobody to speak for."""

    code = "client-not-in-the-case"
    title = "The client is not a person of this case"


class LabelTaken(Refusal):
    """An organisation uses a label once, so that a label leads to one item."""

    code = "label-taken"
    title = "The label is in use"


class NothingChanges(Refusal):
    """A correction says something else than what stands; one that does not would only blur the history (G6)."""

    code = "nothing-changes"
    title = "The amendment changes nothing"


class NotTheCustodian(Refusal):
    """Only who holds an item can offer it, or say that its seal or its quantity is another one.

    CNPP 228: custody is with who has the item in hand.
    """

    code = "not-the-custodian"
    title = "Your organisation does not hold the item"


class SampleAlreadyOffered(Refusal):
    """An item is under one open offer at a time, and what is said of it stays as offered until that is closed (G5):
    it can be handed to one receiver only, who accepts what it has looked at.
    """

    code = "sample-already-offered"
    title = "The item is under an open offer"


class OfferToItself(Refusal):
    """A transfer has two organisations, releaser and receiver."""

    code = "offer-to-itself"
    title = "The receiver is the releaser"


class ReceiverCannotHold(Refusal):
    """Items are held by laboratories, evidence stores, prosecutors' offices and courts."""

    code = "receiver-cannot-hold"
    title = "An organisation of this kind holds no items"


class OfferClosed(Refusal):
    """An offer is accepted, refused or withdrawn once."""

    code = "offer-closed"
    title = "The offer is closed"


class ItemsOfTheOfferDiffer(Refusal):
    """Acceptance states seal and condition of each item of the offer, once, and of no other (G5)."""

    code = "items-of-the-offer-differ"
    title = "The receipts are not those of the offer's items"


class SealMismatchUnexplained(Refusal):
    """A seal that is not the recorded one is taken only with a discrepancy that says why (CNPP 227; ASTM E1492)."""

    code = "seal-mismatch-unexplained"
    title = "The seal differs from the record, and nothing says why"


class RetentionNotOver(Refusal):
    """Destruction is planned for a day after the last day on which the item must be kept."""

    code = "retention-not-over"
    title = "The item must still be kept"


class PlannedInThePast(Refusal):
    """Destruction is planned for a day to come: a proposal cannot tell of what is done."""

    code = "planned-in-the-past"
    title = "The day is not to come"


class AlreadyProposed(Refusal):
    """An item is under one open proposal at a time: one notice, one window, one answer."""

    code = "already-proposed"
    title = "The item is under an open proposal"


class CasesDiffer(Refusal):
    """A proposal's items are of one case: its text goes to that case's counsel, who has no standing in others (G12)."""

    code = "cases-differ"
    title = "The items are of several cases"


class UnderHold(Refusal):
    """What is held is not given up, and nothing that could lead to it begins (G3)."""

    code = "under-hold"
    title = "The item is under a hold"


class NotHeldAnyMore(Refusal):
    """A hold is lifted once."""

    code = "hold-lifted"
    title = "The hold was lifted"


class HoldOfACourt(Refusal):
    """No court lifts another court's hold (G2)."""

    code = "hold-of-a-court"
    title = "Another court set the hold"


class ProposalClosed(Refusal):
    """A proposal is withdrawn once."""

    code = "proposal-closed"
    title = "The proposal is closed"
