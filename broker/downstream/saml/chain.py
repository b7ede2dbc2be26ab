"""Telling service providers of a session's end by the browser, one after the other (Profiles, 4.4), with a report at the end.

The chain is a sealed word that goes along with each of them: which sessions ended, and where the browser goes at last. An
application is asked once. One that does not answer is found out when the browser comes by again, or never; either way
the report does not say that it has confirmed.
"""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Self

from flask import g, redirect, request, url_for
from sqlalchemy import Row
from werkzeug.wrappers import Response

from broker.downstream.saml.logout_messages import PARTIAL, answer_to, place_in, sent, wish_of
from broker.saml_xml.logout import Done
from broker.signed_out import told_to_begin
from broker.wiring import the_broker
from tenants.causes import Cause, Refusal
from tenants.db import TenantSession
from tenants.logouts import (
    deliveries_of,
    delivery_by_browser,
    leave_to_worker,
    next_by_browser,
    note_asked,
    note_confirmed,
    note_failed,
)
from tenants.saml_applications import SamlApplicationConfig
from tenants.saml_logins import END_LOGINS, LOGINS_AT
from tenants.snapshot import ApplicationConfig
from tenants.vault import Place, VaultError

_HOPS = 200


@dataclass(frozen=True, slots=True)
class Chain:
    """`then`: a path of this tenant; or else whose request is answered at the end, and which."""

    sessions: tuple[str, ...]
    then: str = ""
    application: str = ""
    request_id: str = ""
    relay_state: str = ""
    is_posted: bool = False

    def sealed(self) -> str:
        """As it goes along in addresses."""
        return the_broker().vault.seal(json.dumps(asdict(self)), _place())

    @classmethod
    def opened(cls, text: str) -> Self:
        """Raises Refusal for what is none of ours."""
        try:
            said = json.loads(the_broker().vault.open(text, _place()))
        except VaultError:
            raise Refusal(Cause.FLOW_EXPIRED, "no sign-out is under way at this address") from None
        return cls(**{**said, "sessions": tuple(said["sessions"])})

    @property
    def url(self) -> str:
        return url_for("saml_idp.tell_next", chain=self.sealed())


def begin_telling() -> Response:
    """From a sign-out here. The address has a mark of ours."""
    found = told_to_begin()
    if found is None:
        return redirect(url_for("home.signed_out"), 303)
    session_id, then = found
    return go_along(Chain((session_id,), then))


def tell_next() -> Response:
    """Back from one application, or by the person's own hand after one that did not send the browser back."""
    return go_along(Chain.opened(request.args.get("chain", "")))


def go_along(chain: Chain) -> Response:
    """To the next application that was not asked yet; to the end where there is none."""
    for _ in range(_HOPS):
        with g.db.reading() as db:
            delivery = next_by_browser(db, chain.sessions)
        if delivery is None:
            return _end(chain)
        page = _ask(chain, delivery)
        if page is not None:
            return page
    return _end(chain)


def answered(application: ApplicationConfig, done: Done) -> Response:
    """An application says what became of our request. Raises Refusal for an answer to nothing that it was asked."""
    now = the_broker().ports.clock.now()
    with g.db.reading() as db:
        delivery = delivery_by_browser(db, done.relay_state)
    asked = delivery.facts if delivery is not None and delivery.application_id == application.id else {}
    if delivery is None or not asked or asked.get("request") != done.in_response_to:
        raise Refusal(Cause.LOGOUT_INVALID, "an answer to nothing that was asked", application_id=application.id)
    with g.db.writing() as db:
        if done.is_complete:
            note_confirmed(db, delivery.id, now)
        else:
            note_failed(db, delivery.id, "it says that not all of it is over", now)
    return go_along(Chain.opened(str(asked["chain"])))


def _ask(chain: Chain, delivery: Row[Any]) -> Response | None:
    """A page that takes the browser there; None where it can't be told, or was asked before and did not answer."""
    now = the_broker().ports.clock.now()
    application = g.tenant.application_by_id(delivery.application_id)
    saml = application.saml if application is not None else None
    to = place_in(saml.slo) if saml is not None else None
    with g.db.writing() as db:
        logins = db.all(LOGINS_AT, session=delivery.session_id, application=delivery.application_id)
        if application is None or to is None or not logins or delivery.tries:
            _give_up(db, delivery, saml, now)
            return None
        same = [row.id for row in logins if row.name_hash == logins[0].name_hash]
        root = wish_of(logins[0].name_id, same, to, now)
        is_mine = note_asked(db, delivery.id, {"request": root.get("ID"), "chain": chain.sealed()})
        _end_logins(db, delivery)
    if not is_mine:
        return None
    return sent("SAMLRequest", root, delivery.id, to, application.name, by_page=True)


def _give_up(db: TenantSession, delivery: Row[Any], saml: SamlApplicationConfig | None, now: datetime) -> None:
    """By the browser; where there is another way, the worker goes on."""
    error = "it did not answer" if delivery.tries else "it can't be told"
    if delivery.tries and saml is not None and "soap" in saml.slo:
        leave_to_worker(db, delivery.id, error, now)
    else:
        note_failed(db, delivery.id, error, now)


def _end_logins(db: TenantSession, delivery: Row[Any]) -> None:
    now = the_broker().ports.clock.now()
    db.run(END_LOGINS, session=delivery.session_id, application=delivery.application_id, now=now)


def _end(chain: Chain) -> Response:
    """The report, or the answer to whoever asked for all this."""
    application = g.tenant.application_by_id(chain.application) if chain.application else None
    saml = application.saml if application is not None else None
    to = place_in(saml.slo_answers, prefers_post=chain.is_posted) if saml is not None else None
    if application is None or to is None:
        return redirect(chain.then or url_for("home.signed_out"), 303)
    failed = None if is_complete(chain) else PARTIAL
    root = answer_to(chain.request_id, failed, to, the_broker().ports.clock.now())
    return sent("SAMLResponse", root, chain.relay_state, to, application.name, by_page=True)


def is_complete(chain: Chain) -> bool:
    """Has every application confirmed, or is it being told by a worker that goes on trying?"""
    with g.db.reading() as db:
        rows = [row for session_id in chain.sessions for row in deliveries_of(db, session_id)]
    return all(row.confirmed_at is not None or row.next_try_at is not None for row in rows)


def _place() -> Place:
    return Place(g.tenant.id, "saml_logins", "chain", "sign-out")
