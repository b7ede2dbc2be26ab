"""What a session lacks for an application and its request. The order is the order in which people are asked."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from flask import g

from broker.downstream.saml.asked import Asked
from broker.downstream.saml.contexts import classes_of, met, needs_factor
from broker.downstream.saml.denied import Denied
from broker.downstream.saml.subjects import is_met_by_address, is_named_by_address
from broker.next_steps import is_mail_sent
from broker.saml_xml.xml import SKEW
from broker.session import SignedIn
from broker.signin.assurance import sign_in_facts
from broker.signin.step_up import lacks_factor
from broker.wiring import the_broker
from tenants.assignments import entitlements_of
from tenants.assurance import shows_factor
from tenants.causes import Cause, Refusal
from tenants.factor_demands import SECOND_FACTORS
from tenants.snapshot import ApplicationConfig
from tenants.ways import LOCAL


class Lack(StrEnum):
    """What a person can do something about."""

    SIGN_IN = "sign_in"
    FRESH_SIGN_IN = "fresh_sign_in"
    FACTOR = "factor"
    ANOTHER_FACTOR = "another_factor"
    """Asked for by the request, not by a rule: whatever the session has seen does not count for it."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A request as it is judged. `since`: when it came."""

    application: ApplicationConfig
    asked: Asked
    since: datetime


def what_lacks(waiting: Waiting, person: SignedIn | None) -> Lack | None:
    """None: nothing. Raises Denied for what asking would not mend."""
    application, asked = waiting.application, waiting.asked
    if person is None:
        return Lack.SIGN_IN
    if asked.is_unproxied and person.row.method != LOCAL:
        raise Denied("Responder", "ProxyCountExceeded", "the person came from another identity provider")
    if is_too_old(waiting, person):
        return Lack.FRESH_SIGN_IN
    accepted = application.accepted_connections
    if accepted and person.row.method not in accepted:
        return Lack.SIGN_IN
    if lacks_factor(person, application):
        return Lack.FACTOR
    held = held_classes(person)
    if met(held, asked.contexts, asked.comparison) is None:
        if asked.was_begun or not needs_factor(held, asked.contexts, asked.comparison):
            raise Denied("Responder", "NoAuthnContext", "none of the classes that were asked for", Cause.INTERACTION_NEEDED)
        return Lack.ANOTHER_FACTOR
    return None


def is_too_old(waiting: Waiting, person: SignedIn) -> bool:
    """ForceAuthn (Core, 3.4.1): asked anew, and not before the request came. A provider's clock may be behind; ours is not."""
    row, minutes = person.row, waiting.application.sign_in_minutes
    if waiting.asked.is_forced:
        if not waiting.asked.was_begun or row.cookie_hash == waiting.asked.before:
            return True
        tolerance = timedelta() if row.method == LOCAL else SKEW
        return bool(row.auth_time < waiting.since - tolerance)
    now = the_broker().ports.clock.now()
    return minutes is not None and not waiting.asked.was_begun and now - row.auth_time >= timedelta(minutes=minutes)


def held_classes(person: SignedIn) -> tuple[str, ...]:
    """What may be said of how this person signed in (security.md, SD-08)."""
    return classes_of(person.proofs, has_two_factors=_has_two_factors(person), is_https=the_broker().settings.is_https)


def _has_two_factors(person: SignedIn) -> bool:
    facts = sign_in_facts(person.row.method, person.proofs)
    if facts.factors & SECOND_FACTORS:
        return True
    return shows_factor(facts.upstream_amr, facts.upstream_acr, facts.factor_values)


def require_assigned(waiting: Waiting, person: SignedIn) -> None:
    """Requirement R5. Shown here, because only a person can do something about it; a passive request gets its no."""
    application = waiting.application
    if application.audience is None:
        return
    with g.db.reading() as db:
        brought = entitlements_of(db, person.row.account_id, person.row.organization_id)
    if application.audience.admits(brought):
        return
    if waiting.asked.is_passive:
        raise Denied("Responder", "RequestDenied", "not assigned to this application", Cause.APPLICATION_NOT_ASSIGNED)
    raise Refusal(
        Cause.APPLICATION_NOT_ASSIGNED,
        "neither the account nor a group or organization of it may enter",
        application=application.name,
        application_id=application.id,
        account_id=person.row.account_id,
    )


def require_proven_address(waiting: Waiting, person: SignedIn) -> None:
    """An application that knows people by their address would take whoever wrote somebody else's for them (T4, LC-09).

    One that names a Subject by an address, too, whatever name the answer has.
    """
    application, asked = waiting.application, waiting.asked
    saml = application.saml
    if saml is None or saml.takes_unproven_email or person.row.is_email_verified:
        return
    if not is_named_by_address(saml, asked) and not is_met_by_address(person, asked):
        return
    detail = (
        "nobody has proven the address: prove its domain for the connection, have a mailed code answered, or set unproven_email"
    )
    if asked.is_passive:
        raise Denied("Responder", "RequestDenied", detail, Cause.EMAIL_UNVERIFIED)
    raise Refusal(
        Cause.EMAIL_UNVERIFIED,
        detail,
        fact="unconfirmed" if is_mail_sent() else "named",
        email=person.row.email,
        application=application.name,
        application_id=application.id,
        account_id=person.row.account_id,
    )
