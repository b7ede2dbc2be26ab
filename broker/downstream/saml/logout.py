"""Single logout (Profiles, 4.4) at one address: what service providers ask for, and what they answer to us.

Every message is signed, whose it is said to be by a key of that application, and names our address. What is asked for
ends the sessions in which this very name was given to this very application (SessionIndex included, where there is one),
once; then the browser tells the others. No cookie is needed: a message is believed for its signature (SD-10).
"""

from collections.abc import Sequence
from typing import Any

from flask import g, request
from sqlalchemy import Row
from sqlalchemy.exc import IntegrityError
from werkzeug.wrappers import Response

from broker.device import note_sign_out
from broker.downstream.saml.arriving import Arrived, arrived
from broker.downstream.saml.chain import Chain, answered, go_along
from broker.downstream.saml.logout_messages import UNKNOWN, answer_to, place_in, sent
from broker.downstream.saml.places import entity_id, slo_url
from broker.saml_xml.logout import ANSWER, REQUEST, Came, Done, Wish, check_shape, judged
from broker.saml_xml.xml import Fault
from broker.session import present_session
from broker.signin.upstream_logout import leave
from broker.tenancy import client_address
from broker.wiring import the_broker
from tenants import audit
from tenants.audit import Event
from tenants.causes import Cause, Refusal
from tenants.db import TenantSession
from tenants.ids import digest
from tenants.logouts import deliveries_of, note_confirmed, pass_on
from tenants.saml_applications import SamlApplicationConfig
from tenants.saml_logins import END_LOGINS, KEEP_REQUEST, LOGINS_OF_NAME, REQUEST_LIFE
from tenants.sessions import END_SESSION
from tenants.snapshot import ApplicationConfig

_TAGS = {"SAMLRequest": REQUEST, "SAMLResponse": ANSWER}
_MOST_SESSIONS = 5
"""So many of a person's sessions are followed to their other applications by this one browser."""


def single_logout() -> Response:
    """GET (Redirect binding) and POST. Raises Refusal(LOGOUT_INVALID) for what is not as it has to be."""
    application, heard = _heard()
    if isinstance(heard, Done):
        return answered(application, heard)
    return _fulfil(application, heard)


def _heard() -> tuple[ApplicationConfig, Wish | Done]:
    application = None
    try:
        came = arrived(tuple(_TAGS), _TAGS)
        check_shape(came.root, came.field)
        application, saml = _known_application(came)
        came.verify(saml.certificates)
        now = the_broker().ports.clock.now()
        form: dict[str, str] | None = {} if came.is_posted else None
        here = Came("", form, slo_url(), entity_id(), now, is_provider=True)
        return application, judged(came.field, came.root, came.relay_state, saml, here)
    except Fault as fault:
        known = application.id if application else None
        detail = f"{fault.word}: {fault.description}"
        raise Refusal(Cause.LOGOUT_INVALID, detail, application_id=known) from None


def _known_application(came: Arrived) -> tuple[ApplicationConfig, SamlApplicationConfig]:
    """One that is switched off as well: nobody's sessions should outlive what it says."""
    application: ApplicationConfig | None = g.tenant.service_providers.get(came.issuer)
    if application is None or application.saml is None:
        raise Fault("issuer", f"it says {came.issuer[:200]!r}")
    return application, application.saml


def _fulfil(application: ApplicationConfig, wish: Wish) -> Response:
    """End what it names, then tell the others, then answer."""
    person = present_session()
    ended = _end_once(application, wish)
    chain = Chain(
        sessions=tuple(ended[:_MOST_SESSIONS]),
        application=application.id,
        request_id=wish.id,
        relay_state=wish.relay_state,
        is_posted=wish.is_posted,
    )
    if not ended:
        return _unknown(application, wish)
    if person is not None and person.get_id() in ended:
        g.new_session_cookie = ""
        note_sign_out()
        away = leave(person, chain.url, from_form=request.method == "POST")
        if away is not None:
            return away
    return go_along(chain)


def _end_once(application: ApplicationConfig, wish: Wish) -> list[str]:
    """Ids of the sessions that ended. The message counts once, whatever it finds."""
    now = the_broker().ports.clock.now()
    try:
        with g.db.writing() as db:
            db.run(
                KEEP_REQUEST,
                id=digest(f"{application.id} logout {wish.id}"),
                application_id=application.id,
                handle_hash=None,
                asked={},
                received_at=now,
                answered_at=now,
                expires_at=max(wish.until, now + REQUEST_LIFE),
            )
            logins = db.all(LOGINS_OF_NAME, application=application.id, name=digest(wish.name), now=now)
            named = [row for row in logins if not wish.sids or row.id in wish.sids]
            sessions = dict.fromkeys((row.session_id, row.account_id) for row in named)
            for number, (session_id, account_id) in enumerate(sessions):
                _end_session(db, application, session_id, account_id, is_followed=number < _MOST_SESSIONS)
    except IntegrityError:
        raise Refusal(Cause.LOGOUT_INVALID, "replay", application_id=application.id) from None
    return list(dict.fromkeys(row.session_id for row in named))


def _end_session(
    db: TenantSession, application: ApplicationConfig, session_id: str, account_id: str, *, is_followed: bool
) -> None:
    """What it asks for has ended there already: it is the first that has confirmed. `is_followed`: by this browser."""
    now = the_broker().ports.clock.now()
    db.run(END_SESSION, session_id=session_id, now=now)
    pass_on(db, session_id, now, has_browser=is_followed)
    for row in _own(deliveries_of(db, session_id), application):
        note_confirmed(db, row.id, now)
    db.run(END_LOGINS, session=session_id, application=application.id, now=now)
    audit.append(
        db,
        Event.SIGNED_OUT,
        at=now,
        account_id=account_id,
        application_id=application.id,
        address=client_address(),
        detail={"by": "SAML single logout"},
    )


def _own(rows: Sequence[Row[Any]], application: ApplicationConfig) -> list[Row[Any]]:
    return [row for row in rows if row.application_id == application.id]


def _unknown(application: ApplicationConfig, wish: Wish) -> Response:
    """Nobody here has this name there, or not in this session: nothing ended, and that is what is said."""
    saml = application.saml
    to = place_in(saml.slo_answers, prefers_post=wish.is_posted) if saml is not None else None
    if to is None:
        raise Refusal(Cause.LOGOUT_INVALID, "it names nobody who is signed in there", application_id=application.id)
    root = answer_to(wish.id, UNKNOWN, to, the_broker().ports.clock.now())
    return sent("SAMLResponse", root, wish.relay_state, to, application.name, by_page=False)
