"""Single sign-on (Profiles, 4.1): from a service provider's request, or from our portal, to a response.

A good session goes straight through. Otherwise the request waits in its row, a sign-in begins, and the browser comes
back to an address that names the row. Each request is answered once: its row is written, or taken, in the transaction
that gives the assertion.
"""

from datetime import datetime, timedelta

from flask import g, redirect, request
from sqlalchemy.exc import IntegrityError
from werkzeug.wrappers import Response

from broker.downstream.saml.answers import note_opened, posted, refused
from broker.downstream.saml.asked import Asked
from broker.downstream.saml.assertions import Statement, response_of
from broker.downstream.saml.attributes import kept_back, told
from broker.downstream.saml.checks import CHECKS, asked_of, read_request
from broker.downstream.saml.contexts import met
from broker.downstream.saml.denied import Denied
from broker.downstream.saml.judging import (
    Lack,
    Waiting,
    held_classes,
    require_assigned,
    require_proven_address,
    what_lacks,
)
from broker.downstream.saml.subjects import name_for
from broker.downstream.saml.waiting import Fresh, Kept, Unasked, begun, find, replayed
from broker.last_seen import write_seen
from broker.saml_xml.xml import EMAIL_FORMAT
from broker.session import SignedIn, signed_in
from broker.signin.step_up import begin_step_up
from broker.signin.transaction import Hints, begin
from broker.wiring import the_broker
from tenants.causes import Cause, ProtocolFault
from tenants.ids import new_id
from tenants.saml_applications import SamlApplicationConfig
from tenants.saml_logins import ADD_LOGIN


def single_sign_on() -> Response:
    """GET (Redirect binding, or from the portal) and POST. What a request lacks is raised."""
    if request.method == "GET" and "sp" in request.args and "SAMLRequest" not in request.args:
        return _from_portal(request.args["sp"])
    # Before the checks, because a live session brings a newer configuration along.
    person = signed_in()
    came = read_request()
    kept = Fresh(Waiting(came.application, asked_of(came), came.now))
    try:
        for check in CHECKS:
            check(came)
    except Denied as denied:
        raise _refused(kept, denied) from None
    if came.arrived.is_posted:
        # Another site's form comes without the session's cookie (SameSite=Lax): asked once more from our own place.
        return redirect(kept.keep(kept.waiting.asked), 303)
    return _on_the_way(kept, person)


def go_on() -> Response:
    """Somebody has signed in meanwhile, or the request came by POST."""
    person = signed_in()
    return _on_the_way(find(request.args.get("request", "")), person)


def _from_portal(key: str) -> Response:
    """Profiles, 4.1.5: only where the application allows it, and to its default address."""
    person = signed_in()
    application = next((one for one in g.tenant.service_providers.values() if one.key == key and one.is_enabled), None)
    if application is None or application.saml is None:
        raise ProtocolFault(Cause.APPLICATION_UNKNOWN, "no such service provider here, or switched off")
    saml = application.saml
    if not saml.may_begin_here:
        detail = "the application takes no sign-in that it has not asked for"
        raise ProtocolFault(Cause.REQUEST_INVALID, detail, application_id=application.id)
    asked = Asked(None, saml.default_acs.url, saml.start_relay_state)
    return _on_the_way(Unasked(Waiting(application, asked, the_broker().ports.clock.now())), person)


def _on_the_way(kept: Kept, person: SignedIn | None) -> Response:
    try:
        lack = what_lacks(kept.waiting, person)
        if person is None or lack is not None:
            return _ask(kept, person, lack or Lack.SIGN_IN)
        require_assigned(kept.waiting, person)
        require_proven_address(kept.waiting, person)
        return _answer(kept, person)
    except Denied as denied:
        raise _refused(kept, denied) from None


def _ask(kept: Kept, person: SignedIn | None, lack: Lack) -> Response:
    """The person, for what is lacking. Raises Denied where nobody may be asked, or it was in vain."""
    application, asked = kept.waiting.application, kept.waiting.asked
    if asked.is_passive:
        raise Denied("Responder", "NoPassive", "the person has to be asked", Cause.INTERACTION_NEEDED)
    if lack is Lack.FRESH_SIGN_IN and asked.was_begun:
        raise Denied("Responder", "AuthnFailed", "the sign-in is older than the request", Cause.INTERACTION_NEEDED)
    return_to = kept.keep(begun(asked, person))
    if person is not None and lack in {Lack.FACTOR, Lack.ANOTHER_FACTOR}:
        return begin_step_up(person, return_to, application, anew=lack is Lack.ANOTHER_FACTOR)
    hint = asked.subject[1] if asked.subject is not None and asked.subject[0] == EMAIL_FORMAT else ""
    prompt = ("login",) if lack is Lack.FRESH_SIGN_IN or asked.is_forced else ()
    return begin(return_to, application, Hints(login_hint=hint[:254], prompt=prompt))


def _answer(kept: Kept, person: SignedIn) -> Response:
    """The response is made first, as no transaction is open while something is signed; it is sent once it is written."""
    application, asked, now = kept.waiting.application, kept.waiting.asked, the_broker().ports.clock.now()
    saml = _saml_of(kept)
    name, login_id, end = name_for(person, saml, asked), new_id("sml"), _session_end(saml, person, now)
    said = Statement(
        name=name,
        session_index=login_id,
        session_end=end,
        authenticated_at=person.row.auth_time,
        context=met(held_classes(person), asked.contexts, asked.comparison) or "",
        attributes=told(saml, person),
    )
    message = response_of(saml, asked.acs, asked.request_id, said, now)
    page = posted(application, asked.acs, asked.relay_state, message)
    try:
        with g.db.writing() as db:
            kept.take(db)
            db.run(
                ADD_LOGIN,
                id=login_id,
                session_id=person.get_id(),
                application_id=application.id,
                account_id=person.row.account_id,
                name_id=name.as_json(),
                name_hash=name.mark(saml),
                created_at=now,
                expires_at=end,
            )
            note_opened(db, application, person.row.account_id, kept_back(saml, person))
            write_seen(db)
    except IntegrityError:
        raise replayed() from None
    return page


def _refused(kept: Kept, denied: Denied) -> ProtocolFault:
    """To be raised: the application is told, once; nobody is where nobody asked."""
    application, asked = kept.waiting.application, kept.waiting.asked
    if asked.request_id is None:
        return ProtocolFault(denied.cause, denied.detail, application_id=application.id)
    try:
        with g.db.writing() as db:
            kept.take(db)
    except IntegrityError:
        raise replayed() from None
    return refused(application, asked, denied)


def _saml_of(kept: Kept) -> SamlApplicationConfig:
    """Of an application whose configuration may be another one than when the request came."""
    saml = kept.waiting.application.saml
    if saml is None:
        raise ProtocolFault(Cause.APPLICATION_UNKNOWN, "it is no service provider any more")
    return saml


def _session_end(saml: SamlApplicationConfig, person: SignedIn, now: datetime) -> datetime:
    """Profiles, 4.1.4.2: no longer than the session here, and no longer than the application's own may last."""
    end: datetime = person.row.expires_at
    return end if saml.session_minutes is None else min(end, now + timedelta(minutes=saml.session_minutes))
