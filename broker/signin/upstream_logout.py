"""Signing out at the identity provider as well: there and back again, after the session here has ended (S4).

Whatever happens on that way, the session here is over. Where the browser was going is kept with the one-shot `state`, as
a path of this tenant; an application's return address is judged there, by the endpoint that knows applications.
"""

import json
from datetime import timedelta
from typing import Any

from flask import g, make_response, redirect, render_template, url_for
from sqlalchemy import Row
from werkzeug.wrappers import Response

from broker.came_by import hint_of
from broker.own_keys import own_keys
from broker.saml_xml.logout import Done
from broker.session import SignedIn
from broker.signin.dispatch import hand_over, post_over
from broker.signin.federated import callback_url, options_of
from broker.tenancy import client_address, tenant_url
from broker.upstream import KINDS
from broker.upstream.kind import Start
from broker.upstream.sign_out import SignOut, SignsOutThere
from broker.wiring import the_broker
from tenants import audit
from tenants.audit import Event
from tenants.causes import BrokerError
from tenants.ids import digest, new_reference, new_secret
from tenants.sign_outs import SIGN_OUT, TAKE_SIGN_OUT
from tenants.snapshot import ConnectionConfig
from tenants.transactions import BEGIN_TRANSACTION
from tenants.vault import Place, VaultError

_LIFE = timedelta(minutes=20)
_STATE_BYTES = 32
_MAX_ONWARD = 8000


def leave(person: SignedIn, onward: str, *, from_form: bool) -> Response | None:
    """On to the provider that this person came by, whose session here has just ended, and from there to `onward`.

    None: there is nothing to be done there. `from_form`: our own page posted, whose policy stops a redirect elsewhere.
    """
    connection = g.tenant.connections.get(person.row.method)
    kind = KINDS[connection.kind] if connection is not None and connection.is_enabled else None
    if not isinstance(kind, SignsOutThere) or connection is None or len(onward) > _MAX_ONWARD:
        return None
    state = the_broker().ports.randomness.token_urlsafe(_STATE_BYTES)
    asked = SignOut(
        callback_url=callback_url(connection),
        return_url=tenant_url(kind.sign_out_path.format(key=connection.key)),
        state=state,
        now=the_broker().ports.clock.now(),
        hint=hint_of(person.row),
        own_keys=own_keys,
    )
    try:
        started = kind.sign_out(options_of(connection), asked, the_broker().ports)
    except BrokerError as failure:
        _note(connection, failure.cause.value, failure.detail, person.row.account_id)
        return told(connection, onward)
    if started is None:
        return None
    _keep(connection, onward, state, started)
    if started.form is not None:
        return post_over(started.url, connection.label, started.form)
    return hand_over(started.url, connection.label) if from_form else redirect(started.url, 303)


def come_back(state: str) -> Response:
    """From a provider that says no more than that the browser may go on."""
    row = _taken(state)
    return redirect(row.return_to if row is not None else url_for("home.signed_out"), 303)


def answered(connection: ConnectionConfig, done: Done) -> Response:
    """From a provider that says what became of it: an answer to our very request, or none at all."""
    row = _taken(done.relay_state)
    if row is None or row.connection_id != connection.id:
        return redirect(url_for("home.signed_out"), 303)
    if done.in_response_to != _request_id(row):
        _note(connection, None, "inresponseto", None)
        return told(connection, row.return_to)
    if not done.is_complete:
        _note(connection, None, "partial", None)
        return told(connection, row.return_to)
    return redirect(row.return_to, 303)


def told(connection: ConnectionConfig, onward: str) -> Response:
    """Our page, which says that it may not be over there."""
    own = url_for("home.signed_out")
    page = render_template(
        "signin/signed_out.html",
        sign_in_url=url_for("signin.again"),
        left_label=connection.label,
        onward_url=onward if onward != own else None,
    )
    return make_response(page)


def _keep(connection: ConnectionConfig, onward: str, state: str, started: Start) -> None:
    now, row_id = the_broker().ports.clock.now(), digest(new_secret())
    with g.db.writing() as db:
        db.run(
            BEGIN_TRANSACTION,
            id=row_id,
            browser_hash=digest(new_secret()),
            reference=new_reference(),
            purpose=SIGN_OUT,
            return_to=onward,
            connection_id=connection.id,
            state_hash=digest(state),
            upstream_sealed=the_broker().vault.seal(json.dumps(dict(started.keep)), _place(row_id)),
            created_at=now,
            expires_at=now + _LIFE,
            # It begins finished: it is no attempt to sign in, and nobody is told when it does not come back.
            finished_at=now,
        )


def _taken(state: str) -> Row[Any] | None:
    with g.db.writing() as db:
        found: Row[Any] | None = db.one(TAKE_SIGN_OUT, state_digest=digest(state), now=the_broker().ports.clock.now())
    return found


def _request_id(row: Row[Any]) -> str | None:
    try:
        kept: dict[str, str] = json.loads(the_broker().vault.open(row.upstream_sealed or "", _place(row.id)))
    except VaultError:
        return None
    return kept.get("request_id")


def _place(row_id: str) -> Place:
    return Place(g.tenant.id, "login_transactions", "upstream_sealed", row_id)


def _note(connection: ConnectionConfig, cause: str | None, detail: str, account_id: str | None) -> None:
    with g.db.writing() as db:
        audit.append(
            db,
            Event.LOGOUT_UNFINISHED,
            at=the_broker().ports.clock.now(),
            cause=cause,
            account_id=account_id,
            connection_id=connection.id,
            address=client_address(),
            detail={"detail": detail},
        )
