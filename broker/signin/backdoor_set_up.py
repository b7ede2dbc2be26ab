"""Setting up the back door's own password and app, by the operator's one-time link (`broker door grant`).

As with an invitation, opening the link consumes nothing, and its token is spent together with writing the credentials.
Nobody is signed in by it, and what the person signs in with elsewhere stays as it is.
"""

from typing import Any

from flask import g, make_response, redirect, render_template, url_for
from flask_babel import gettext as _
from sqlalchemy import Row
from werkzeug.wrappers import Response

from broker.factors import door
from broker.mail.letters import post
from broker.signin import set_up
from broker.signin.set_up import NewCredentials, SetUp
from broker.signin.transaction import begin_door_set_up, browser_hash, require
from broker.tenancy import client_address
from broker.wiring import the_broker
from tenants import audit
from tenants.accounts import ACTIVATE_ACCOUNT, ADMIN_ROLES, AccountState
from tenants.admins import ENTERING
from tenants.audit import Event
from tenants.backdoors import DOOR_LINK, SET_UP_DOOR_CREDENTIAL
from tenants.causes import Cause, Refusal
from tenants.credentials import ACCOUNT_FACTS
from tenants.ids import digest
from tenants.passwords import PRESETS
from tenants.transactions import FINISH_TRANSACTION

PRESET = "nist"
"""The door has the same password rules in every tenant; an own policy may be bound to what an older system takes."""


def link_page(token: str) -> Response:
    """GET: what the link is for. Consumes nothing."""
    _link, account = _require_link(digest(token))
    return make_response(render_template("signin/door_link.html", email=account.email, form_action_url=None))


def open_link(token: str) -> Response:
    """POST: the token is exchanged for a transaction, so that it stands in no further address (IR-05)."""
    token_hash = digest(token)
    _link, account = _require_link(token_hash)
    tx = begin_door_set_up(account.id, token_hash, account.email)
    return redirect(url_for("signin.choose_door_password", tx=tx), 303)


def password_page() -> Response:
    """GET: the rules, before anything is typed."""
    return set_up.password_page(_require_set_up())


def keep_password() -> Response:
    """POST: a password that keeps the rules waits for the last step."""
    return set_up.keep_password(_require_set_up())


def app_page() -> Response:
    """GET: the picture and the secret."""
    return set_up.app_page(_require_set_up())


def prove_app() -> Response:
    """POST: the first code of the app; with it, both are written and the link is spent."""
    return set_up.prove_app(_require_set_up(), _finish)


def done_page() -> Response:
    """GET: the end of the set-up, and what to keep where."""
    return make_response(render_template("signin/door_done.html"))


def _finish(done: SetUp, made: NewCredentials) -> None:
    now, account, row = the_broker().ports.clock.now(), done.account, done.transaction.row
    with g.db.writing() as db:
        is_written = db.run(
            SET_UP_DOOR_CREDENTIAL,
            credential_id=made.credential_id,
            spent_hash=row.invitation_id,
            new_hash=made.password_hash,
            new_seed=door.seal_seed(made.seed, made.credential_id),
            step=made.step,
            at=now,
        )
        if not is_written:
            raise Refusal(Cause.INVITATION_USED, "spent, replaced or run out", account_id=account.id)
        if not db.run(FINISH_TRANSACTION, id_hash=row.id, browser=browser_hash(), now=now):
            raise Refusal(Cause.FLOW_EXPIRED, "the transaction ended meanwhile")
        # The operator's link accepts an invitation as well: else the first admin could not be the first to enter.
        is_invited, live = account.state == AccountState.INVITED, {"active": AccountState.ACTIVE.value, "at": now}
        if is_invited and not db.run(ACTIVATE_ACCOUNT, account=account.id, has_answered_mail=False, **live):
            raise Refusal(Cause.FLOW_EXPIRED, "the account was switched off meanwhile", account_id=account.id)
        seen = {"at": now, "account_id": account.id, "reference": row.reference, "address": client_address()}
        audit.append(db, Event.DOOR_SET_UP, **seen)
        facts = {"what": "door", "at": now.isoformat(), "address": client_address(), "by": "you"}
        post(db, account.email, "credential_changed", now, **facts)


def _require_set_up() -> SetUp:
    transaction = require("door_set_up")
    link, account = _require_link(transaction.row.invitation_id)
    return SetUp(
        transaction=transaction,
        account=account,
        policy=PRESETS[PRESET],
        app_endpoint="signin.enrol_door_app",
        done_endpoint="signin.door_set_up",
        issuer=_("%(name)s (emergency access)", name=g.tenant.name),
        credential_id=link.id,
        is_for_door=True,
    )


def _require_link(token_hash: str) -> tuple[Row[Any], Row[Any]]:
    """The marked admin whom a link that is good now belongs to."""
    now = the_broker().ports.clock.now()
    with g.db.reading() as db:
        link = db.one(DOOR_LINK, token_hash=token_hash)
        account = db.one(ACCOUNT_FACTS, account=link.account_id) if link else None
    if link is None or account is None or link.link_expires_at <= now:
        raise Refusal(Cause.INVITATION_USED, "unknown, used, replaced or run out")
    if account.role not in ADMIN_ROLES or account.state not in ENTERING:
        raise Refusal(Cause.INVITATION_USED, "no owner or admin who may sign in now", account_id=account.id)
    return link, account
