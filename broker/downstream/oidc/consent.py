"""Consent of the person, for applications that aren't the tenant's own (OpenID Connect Core 1.0, 3.1.2.4; OD-17).

What was agreed to is remembered for the account and the application, by scope and by claim. More than that is asked for
again, and so is everything where the request says `prompt=consent`. The person takes it back on their own page.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import g, make_response, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from broker.downstream.oidc.asked import Asked
from broker.downstream.oidc.claims import CLAIMS_OF_SCOPE
from broker.scope_words import ScopeLine, words_of_scope
from broker.session import SignedIn
from broker.tenancy import client_address
from broker.wiring import the_broker
from tenants import audit
from tenants.application_consents import CONSENT_OF, KEEP_CONSENT, new_consent_id
from tenants.audit import Event
from tenants.causes import Cause
from tenants.db import TenantSession


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a request asks a person to agree to."""

    scopes: tuple[str, ...]
    claims: tuple[str, ...]


def wanted_by(asked: Asked) -> Wanted:
    """Its scopes, and what it names beside them."""
    covered = {name for word in asked.scope for name in CLAIMS_OF_SCOPE.get(word, ())}
    named = {name for names in asked.claims_by_name.values() for name in names}
    return Wanted(asked.scope, tuple(sorted(named - covered)))


def lacks_consent(asked: Asked, person: SignedIn) -> bool:
    """Does this person have to be asked before the application is told anything?"""
    if not asked.application.is_third_party:
        return False
    if "consent" in asked.prompt:
        return True
    with g.db.reading() as db:
        kept = db.one(CONSENT_OF, account=person.row.account_id, application=asked.application.id)
    wanted = wanted_by(asked)
    return kept is None or not (set(wanted.scopes) <= set(kept.scopes) and set(wanted.claims) <= set(kept.claims))


def ask_consent(asked: Asked, person: SignedIn, address: str) -> Response:
    """The page; `address` is our own one with the request, which the answer brings back."""
    if "none" in asked.prompt:
        asked.refuse("the person has to agree first", "consent_required", Cause.INTERACTION_NEEDED)
    g.form_targets = (asked.back.address,)
    page = render_template(
        "downstream/consent.html",
        application_name=asked.application.name,
        email=person.row.email,
        lines=_lines(wanted_by(asked)),
        request_text=address.partition("?")[2],
        form_action_url=url_for("oidc.consented"),
    )
    return make_response(page)


def remember(asked: Asked, person: SignedIn) -> None:
    """The person agreed. What they agreed to before stays."""
    now, account_id = the_broker().ports.clock.now(), person.row.account_id
    wanted = wanted_by(asked)
    with g.db.writing() as db:
        kept = db.one(CONSENT_OF, account=account_id, application=asked.application.id)
        db.run(
            KEEP_CONSENT,
            consent_id=new_consent_id(),
            account=account_id,
            application=asked.application.id,
            scopes=_together(kept.scopes if kept else (), wanted.scopes),
            claims=_together(kept.claims if kept else (), wanted.claims),
            now=now,
        )
        _note(db, Event.APPLICATION_CONSENTED, asked, person)


def decline(asked: Asked, person: SignedIn) -> None:
    """The person said no, and the application is told (Core, 3.1.2.6)."""
    with g.db.writing() as db:
        _note(db, Event.APPLICATION_DECLINED, asked, person)
    asked.refuse("the person has not agreed", "access_denied", Cause.INTERACTION_NEEDED)


def _note(db: TenantSession, event: Event, asked: Asked, person: SignedIn) -> None:
    audit.append(
        db,
        event,
        at=the_broker().ports.clock.now(),
        account_id=person.row.account_id,
        application_id=asked.application.id,
        address=client_address(),
        detail={"scope": " ".join(asked.scope)},
    )


def _lines(wanted: Wanted) -> list[ScopeLine]:
    lines = [words_of_scope(word) for word in wanted.scopes]
    if wanted.claims:
        lines.append(ScopeLine("info-circle", _("See also: %(names)s", names=", ".join(wanted.claims)), ""))
    return lines


def _together(before: Sequence[str], now: Sequence[str]) -> list[str]:
    return list(dict.fromkeys((*before, *now)))
