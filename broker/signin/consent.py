"""Admin consent, guided (U1): a page explains, a directory's admin approves, and a sign-in proves whose directory it was.

What comes back from the provider's consent page is only noted. The directory counts after the same browser has signed
in to it, and enters the connection when whoever had the link says that it is theirs, and signed in with a name of a domain
that is proven to be this tenant's: a link may have been forwarded, or stolen. Any other directory, and what a failed
sign-in began, where nobody has proven anything, waits for the word of somebody who may let it in.
"""

import base64
import hashlib
import hmac
from typing import Any, cast

from flask import g, make_response, redirect, render_template, request, url_for
from sqlalchemy import Row
from werkzeug.wrappers import Response

from broker.directories import tell_added
from broker.flow import Flow
from broker.seeing import watch_return
from broker.session import browser_secret, present_session
from broker.shared_registrations import CONSENT, new_state, read_state
from broker.signin.dispatch import hand_over
from broker.signin.federated import callback_url, options_of, require_enabled
from broker.signin.shared import opened, returning
from broker.signin.transaction import browser_hash
from broker.tenancy import client_address, tenant_url
from broker.upstream import KINDS
from broker.upstream.kind import FlowContext, Options, ReturnData, hearsay
from broker.upstream.sharing import Consenting, ProvenDirectory
from broker.wiring import the_broker
from tenants import audit
from tenants.audit import Event
from tenants.causes import Cause, Refusal, UpstreamFailure
from tenants.consents import (
    ADD_CONSENT,
    BEGIN_CONSENT,
    BIND_DIRECTORY,
    CONSENT_BY_TOKEN,
    OWN_LIFE,
    SAVE_CONSENT,
    TAKE_CONSENT,
    WAITING,
    is_at_home,
)
from tenants.console_roles import Permission, may
from tenants.db import TenantSession
from tenants.ids import digest, new_id, new_reference, new_secret
from tenants.snapshot import ConnectionConfig


def link_page(token: str) -> Response:
    """GET of a link: what it is about. Consumes nothing."""
    return _explained(_of_row(_require_link(token)), tenant_url(f"/consent/{token}"))


def begin_by_link(token: str) -> Response:
    """POST: to the provider. The link works until a directory has come of it, so that it can be handed on."""
    row = _require_link(token)
    return _begin(digest(token), _of_row(row), is_given=row.may_bind)


def own_page(connection: str) -> Response:
    """GET, from an error page: the same without a link."""
    return _explained(_require_connection(connection), tenant_url(f"/consent/at/{connection}"))


def begin_own(connection: str) -> Response:
    """POST: an admin of a directory who has just failed to sign in."""
    config, token, now = _require_connection(connection), new_secret(), the_broker().ports.clock.now()
    values = {"token_hash": digest(token), "asked_by": client_address()[:200], "created_at": now, "may_bind": False}
    with g.db.writing() as db:
        db.run(ADD_CONSENT, id=new_id("cns"), connection_id=config.id, expires_at=now + OWN_LIFE, **values)
    return _begin(digest(token), config)


def is_awaited() -> bool:
    """Is what came back to a callback part of a consent, and no sign-in?"""
    broker = the_broker()
    state = read_state(broker.vault, request.args.get("state", ""), broker.ports.clock.now())
    return state is not None and state.purpose == CONSENT and state.tenant == g.tenant.id


def take_return(key: str) -> Response:
    """Back from the provider: first from its consent page, then from the sign-in that proves the directory."""
    connection = _require_connection(key)
    data = ReturnData.of(request.method, request.args.items(multi=True))
    state = data.args.get("state", "")
    row, options = _take(connection, state), options_of(connection)
    _require_open(connection, is_given=bool(row.may_bind))
    data = opened(connection, options, data)
    watch_return(options, _context(connection, options, state), data)
    try:
        return _granted(connection, row, data) if row.granted_at is None else _proven(connection, row, state, data)
    except UpstreamFailure as failure:
        with g.db.writing() as db:
            db.run(SAVE_CONSENT, consent_id=row.id, now=the_broker().ports.clock.now(), cause=failure.cause.value)
        facts = {"fact": "consent", "connection_id": connection.id, **failure.facts}
        # Anybody may begin an approval: that it fails says nothing of signing in by this connection.
        raise hearsay(UpstreamFailure(failure.cause, failure.detail, **facts)) from failure


def confirm() -> Response:
    """POST: whoever had the link says that the directory is theirs, as its domain is the tenant's. Now its people may come."""
    connection = _require_connection(request.form.get("connection", ""))
    now = the_broker().ports.clock.now()
    _require_open(connection, is_given=True)
    with g.db.writing() as db:
        row = db.one(TAKE_CONSENT, **_found(connection, request.form.get("proof", "")))
        if row is None or not _may_bind(connection, row, row.domain) or not db.run(BIND_DIRECTORY, consent_id=row.id, now=now):
            raise Refusal(Cause.FLOW_EXPIRED, "nothing to confirm", fact="consent", connection_id=connection.id)
        proven = ProvenDirectory(row.directory, row.domain or "")
        _note(db, Event.DIRECTORY_ADDED, connection, row, proven)
        tell_added(db, the_broker(), connection, proven.id, proven.domain, "link")
        db.touch_configuration()
    # Whoever said yes tries it next: this process does not wait until it looks again.
    the_broker().snapshots.at_least(g.tenant, g.tenant.version + 1)
    return _result("accepted", connection, proven)


def _begin(token_digest: str, connection: ConnectionConfig, *, is_given: bool = False) -> Response:
    _require_open(connection, is_given=is_given)
    kind, options, state = _kind(connection), options_of(connection), _new_state(connection)
    url = kind.start_consent(options, _context(connection, options, state))
    begun = {"state_digest": digest(state), "browser": digest(browser_secret()), "now": the_broker().ports.clock.now()}
    with g.db.writing() as db:
        is_begun = db.run(BEGIN_CONSENT, token_digest=token_digest, **begun)
    if not is_begun:
        raise Refusal(Cause.INVITATION_USED, "used or run out")
    return hand_over(url, connection.label)


def _require_open(connection: ConnectionConfig, *, is_given: bool) -> None:
    """At each step (SU-20). `is_given`: by a link of those who set the connection up, who need this before its first test."""
    if not (is_given and _is_being_set_up(connection)):
        require_enabled(connection)


def _granted(connection: ConnectionConfig, row: Row[Any], data: ReturnData) -> Response:
    """The directory is noted, not believed. On to a sign-in there."""
    kind, options = _kind(connection), options_of(connection)
    directory, state = kind.read_consent(data), _new_state(connection)
    url = kind.start_proof(options, _context(connection, options, state), the_broker().ports)
    now = the_broker().ports.clock.now()
    with g.db.writing() as db:
        learned = {"directory": directory, "granted_at": now, "state_hash": digest(state)}
        _require_current(db.run(SAVE_CONSENT, consent_id=row.id, now=now, **learned))
    return redirect(url, 303)


def _proven(connection: ConnectionConfig, row: Row[Any], state: str, data: ReturnData) -> Response:
    kind, options = _kind(connection), options_of(connection)
    proven = kind.finish_proof(options, _context(connection, options, state), data, the_broker().ports)
    if proven.id != row.directory:
        raise UpstreamFailure(Cause.UPSTREAM_TENANT_MISMATCH, "consent", fact="consent", subject=proven.id)
    is_accepted = kind.accepts(options, proven.id)
    if not is_accepted and not kind.may_win(options):
        raise UpstreamFailure(Cause.UPSTREAM_TENANT_MISMATCH, "tid", fact="directory", subject=proven.id)
    outcome = "accepted" if is_accepted else "confirm" if _may_bind(connection, row, proven.domain) else "waits"
    proof = new_secret()
    _keep_proof(connection, row, proven, outcome, proof)
    return _result(outcome, connection, proven, proof)


def _keep_proof(connection: ConnectionConfig, row: Row[Any], proven: ProvenDirectory, outcome: str, proof: str) -> None:
    now = the_broker().ports.clock.now()
    learned: dict[str, Any] = {"proven_at": now, "domain": proven.domain}
    if outcome == "confirm":
        learned["state_hash"] = digest(proof)
    if outcome == "waits":
        # A directory has come of the link: it leads no further.
        learned |= {"expires_at": now + WAITING, "token_hash": digest(new_secret())}
    with g.db.writing() as db:
        _require_current(db.run(SAVE_CONSENT, consent_id=row.id, now=now, **learned))
        _note(db, Event.CONSENT_PROVEN, connection, row, proven)


def _may_bind(connection: ConnectionConfig, row: Row[Any], domain: str | None) -> bool:
    """Does the word of whoever had the link let this directory in?"""
    return bool(row.may_bind) and is_at_home(domain, connection.key, g.tenant.domains)


def _take(connection: ConnectionConfig, state: str) -> Row[Any]:
    """One winner for each step, of the browser that began; an answer of anybody else's is no answer."""
    with g.db.writing() as db:
        row: Row[Any] | None = db.one(TAKE_CONSENT, **_found(connection, state))
    g.flow = Flow(tx="", reference=new_reference(), is_live=False, method=connection.key)
    g.flow.connection_id, g.flow.connection_label = connection.id, connection.label
    if row is None:
        raise Refusal(Cause.FLOW_EXPIRED, "state", fact="consent", connection_id=connection.id)
    return row


def _found(connection: ConnectionConfig, state: str) -> dict[str, Any]:
    now = the_broker().ports.clock.now()
    return {"state_digest": digest(state), "browser": browser_hash(), "connection": connection.id, "now": now}


def _require_current(is_saved: int) -> None:
    if not is_saved:
        raise Refusal(Cause.FLOW_EXPIRED, "begun anew meanwhile", fact="consent")


def _require_link(token: str) -> Row[Any]:
    with g.db.reading() as db:
        row: Row[Any] | None = db.one(CONSENT_BY_TOKEN, token_digest=digest(token), now=the_broker().ports.clock.now())
    if row is None:
        raise Refusal(Cause.INVITATION_USED, "no such link to consent")
    return row


def _of_row(row: Row[Any]) -> ConnectionConfig:
    for connection in g.tenant.connections.values():
        if connection.id == row.connection_id:
            return cast(ConnectionConfig, connection)
    raise Refusal(Cause.INVITATION_USED, "the connection is gone")


def _require_connection(key: str) -> ConnectionConfig:
    connection: ConnectionConfig | None = g.tenant.connections.get(key)
    if connection is None or not isinstance(KINDS[connection.kind], Consenting):
        raise Refusal(Cause.PAGE_UNKNOWN, "no connection with consent")
    return connection


def _is_being_set_up(connection: ConnectionConfig) -> bool:
    """Nothing of it was ever in force: nobody can come in by it, whatever is approved."""
    return not connection.version and not connection.is_enabled


def _test_url(connection: ConnectionConfig) -> str:
    """Where an admin goes on who sets the connection up in this very browser; empty for everybody else."""
    person = present_session()
    if person is None or not _is_being_set_up(connection):
        return ""
    is_theirs = may(person.row.role, Permission.CONFIGURE, is_delegated=person.row.admin_organization_id is not None)
    return url_for("console.test_connection", connection=connection.key) if is_theirs else ""


def _kind(connection: ConnectionConfig) -> Consenting:
    return cast(Consenting, KINDS[connection.kind])


def _new_state(connection: ConnectionConfig) -> str:
    broker = the_broker()
    return new_state(broker.vault, broker.ports.randomness, g.tenant.id, connection.key, CONSENT, broker.ports.clock.now())


def _context(connection: ConnectionConfig, options: Options, state: str) -> FlowContext:
    """Nonce and verifier follow from the state, which the provider and this browser alone know, and from our key."""
    context = FlowContext(
        connection=connection.id,
        callback_url=callback_url(connection),
        state=state,
        nonce=_derived("nonce", state),
        verifier=_derived("verifier", state),
        now=the_broker().ports.clock.now(),
    )
    return returning(connection, options, context)


def _derived(what: str, state: str) -> str:
    key = the_broker().vault.derive(f"consent {what}")
    return base64.urlsafe_b64encode(hmac.new(key, state.encode(), hashlib.sha256).digest()).rstrip(b"=").decode()


def _note(db: TenantSession, event: Event, connection: ConnectionConfig, row: Row[Any], proven: ProvenDirectory) -> None:
    audit.append(
        db,
        event,
        at=the_broker().ports.clock.now(),
        connection_id=connection.id,
        address=client_address(),
        detail={"directory": proven.id, "domain": proven.domain, "asked_by": row.asked_by},
    )


def _explained(connection: ConnectionConfig, link: str) -> Response:
    options = options_of(connection)
    page = render_template(
        "signin/consent.html", provider=connection.label, link=link, reads_groups=bool(getattr(options, "read_groups", False))
    )
    return make_response(page)


def _result(outcome: str, connection: ConnectionConfig, proven: ProvenDirectory, proof: str = "") -> Response:
    page = render_template(
        "signin/consent_result.html",
        outcome=outcome,
        provider=connection.label,
        key=connection.key,
        directory=proven.id,
        domain=proven.domain,
        proof=proof,
        sign_in_url=url_for("signin.sign_in") if connection.is_enabled else "",
        test_url=_test_url(connection),
        form_action_url=url_for("signin.confirm_consent"),
    )
    return make_response(page)
