"""An invitation: open the link, choose a password, set up the app, prove it; then everything is written at once.

Opening the link consumes nothing (mail scanners open links, IR-04); the link's token is spent together with writing
the credentials, so that exactly one set-up wins (IR-02). The steps between stand in set_up.py. A reset link proves the
address and goes on as a reset does (reset.py). Without any link there is a page that says how to begin (A5).
"""

from typing import Any

from flask import g, make_response, redirect, render_template, request, url_for
from sqlalchemy import Row
from werkzeug.wrappers import Response

from broker.next_steps import are_codes_offered
from broker.session import present_session
from broker.signin import reset, set_up
from broker.signin.renewal import require_renewable, sign_in, write_set_up
from broker.signin.set_up import NewCredentials, SetUp
from broker.signin.transaction import begin_activation, require
from broker.wiring import the_broker
from tenants.causes import Cause, Refusal
from tenants.credentials import ACCOUNT_FACTS
from tenants.ids import digest
from tenants.invitations import RESET_LINK
from tenants.transactions import INVITATION


def how_to_begin() -> Response:
    """GET without a link: the steps to a first sign-in, and whom to ask."""
    if not g.tenant.policy.local_enabled:
        raise Refusal(Cause.PAGE_UNKNOWN, "no local sign-in")
    tx = request.args.get("tx")
    begin_url = url_for("signin.first_login", tx=tx) if are_codes_offered() else None
    return make_response(render_template("signin/activate.html", begin_url=begin_url, contacts_shown=g.tenant.contacts))


def invitation_page(token: str) -> Response:
    """GET: what the link is for. Consumes nothing."""
    invitation, account = _require_invitation(token)
    is_reset = invitation.purpose == RESET_LINK
    return make_response(
        render_template("signin/invitation.html", email=account.email, is_reset=is_reset, form_action_url=None)
    )


def open_invitation(token: str) -> Response:
    """POST: the token is exchanged for a transaction, so that it stands in no further address (IR-05)."""
    invitation, account = _require_invitation(token)
    if invitation.purpose == RESET_LINK:
        return reset.begin_by_link(account, invitation.id)
    tx = begin_activation(account.id, invitation.id, account.email)
    return redirect(url_for("signin.choose_password", tx=tx), 303)


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
    """POST: the first code of the app; with it, password and app are written and the person is signed in."""
    return set_up.prove_app(_require_set_up(), _finish)


def done_page() -> Response:
    """GET: the end of the set-up."""
    page = render_template(
        "signin/done.html",
        is_reset=False,
        is_signed_in=True,
        application_name=None,
        continue_url=url_for("home.home"),
    )
    return make_response(page)


def _finish(done: SetUp, made: NewCredentials) -> None:
    now, before = the_broker().ports.clock.now(), present_session()
    with g.db.writing() as db:
        write_set_up(db, done.transaction, done.account, made, now)
        sign_in(db, done.transaction, done.account, now, before)


def _require_invitation(token: str) -> tuple[Row[Any], Row[Any]]:
    with g.db.reading() as db:
        invitation = db.one(INVITATION, token_hash=digest(token))
        account = db.one(ACCOUNT_FACTS, account=invitation.account_id) if invitation else None
    now = the_broker().ports.clock.now()
    if invitation is None or account is None or invitation.used_at or invitation.superseded_at:
        raise Refusal(Cause.INVITATION_USED, "unknown, used or replaced")
    if invitation.expires_at <= now:
        cause = Cause.INVITATION_USED if invitation.purpose == RESET_LINK else Cause.ACCOUNT_NOT_ACTIVATED
        raise Refusal(cause, "the link has run out", account_id=account.id)
    require_renewable(account, is_by_invitation=True)
    return invitation, account


def _require_set_up() -> SetUp:
    transaction = require("activate")
    with g.db.reading() as db:
        account = db.one(ACCOUNT_FACTS, account=transaction.row.account_id)
    if account is None:
        raise Refusal(Cause.ACCOUNT_UNKNOWN, "the account was removed meanwhile")
    require_renewable(account, is_by_invitation=True)
    return SetUp(
        transaction=transaction,
        account=account,
        policy=g.tenant.policy_for(account.organization_id).password_policy,
        app_endpoint="signin.enrol_app",
        done_endpoint="signin.activated",
        issuer=g.tenant.name,
    )
