"""An invitation: open the link, choose a password, set up the app, prove it; then everything is written at once.

Opening the link consumes nothing (mail scanners open links, IR-04); the link's token is spent together with writing
the credentials, so that exactly one set-up wins (IR-02). The steps between stand in set_up.py.
"""

from datetime import datetime
from typing import Any

from flask import g, make_response, redirect, render_template, url_for
from sqlalchemy import Row
from werkzeug.wrappers import Response

from broker.factors import totp
from broker.session import Proof, SignedIn, open_session, present_session
from broker.signin import set_up
from broker.signin.complete import account_facts
from broker.signin.set_up import NewCredentials, SetUp
from broker.signin.transaction import begin_activation, browser_hash, require
from broker.tenancy import client_address
from broker.wiring import the_broker
from tenants import audit
from tenants.accounts import ACTIVATE_ACCOUNT, AccountState
from tenants.audit import Event
from tenants.causes import Cause, Refusal
from tenants.credentials import (
    ACCOUNT_FACTS,
    ADD_CREDENTIAL,
    DROP_LOCAL_CREDENTIALS,
    CredentialKind,
)
from tenants.db import TenantSession
from tenants.ids import digest, new_id
from tenants.passwords import PRESETS
from tenants.policies import AdmissionFacts, SignInFacts, admit
from tenants.sessions import END_SESSIONS_OF_ACCOUNT
from tenants.transactions import FINISH_TRANSACTION, INVITATION, SPEND_INVITATION
from tenants.ways import LOCAL


def invitation_page(token: str) -> Response:
    """GET: what the link is for. Consumes nothing."""
    _invitation, account = _require_invitation(token)
    return make_response(render_template("signin/invitation.html", email=account.email, form_action_url=None))


def open_invitation(token: str) -> Response:
    """POST: the token is exchanged for a transaction, so that it stands in no further address (IR-05)."""
    invitation, account = _require_invitation(token)
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
    page = render_template("signin/done.html", application_name=None, continue_url=url_for("home.home"))
    return make_response(page)


def _finish(done: SetUp, made: NewCredentials) -> None:
    before = present_session()
    with g.db.writing() as db:
        _write(db, done, made, before)


def _write(db: TenantSession, done: SetUp, made: NewCredentials, before: SignedIn | None) -> None:
    now, account_id, row = the_broker().ports.clock.now(), done.account.id, done.transaction.row
    if not db.run(SPEND_INVITATION, invitation_id=row.invitation_id, now=now):
        raise Refusal(Cause.INVITATION_USED, "spent, replaced or run out", account_id=account_id)
    if not db.run(FINISH_TRANSACTION, id_hash=row.id, browser=browser_hash(), now=now):
        raise Refusal(Cause.FLOW_EXPIRED, "the transaction ended meanwhile")
    if not db.run(ACTIVATE_ACCOUNT, account=account_id, active=AccountState.ACTIVE.value, at=now):
        raise Refusal(Cause.FLOW_EXPIRED, "the account was switched off meanwhile", account_id=account_id)
    db.run(DROP_LOCAL_CREDENTIALS, account=account_id)
    db.run(END_SESSIONS_OF_ACCOUNT, account=account_id, now=now)
    _add_credentials(db, account_id, made, now)
    open_session(db, account_id, LOCAL, [Proof(method, now).as_json() for method in ("pwd", "otp")], now, before)
    seen = {"at": now, "account_id": account_id, "reference": row.reference, "address": client_address()}
    audit.append(db, Event.ACCOUNT_ACTIVATED, **seen)
    audit.append(db, Event.LOGIN_SUCCEEDED, detail={"method": LOCAL, "proofs": "pwd otp"}, **seen)


def _add_credentials(db: TenantSession, account_id: str, made: NewCredentials, now: datetime) -> None:
    """Password and app; the code that proved the app is spent with that."""
    added = {"account_id": account_id, "created_at": now}
    db.run(ADD_CREDENTIAL, id=new_id("cre"), kind=CredentialKind.PASSWORD.value, secret_hash=made.password_hash, **added)
    db.run(
        ADD_CREDENTIAL,
        id=made.credential_id,
        kind=CredentialKind.TOTP.value,
        secret_sealed=totp.seal_seed(made.seed, made.credential_id),
        last_step=made.step,
        last_used_at=now,
        **added,
    )


def _require_invitation(token: str) -> tuple[Row[Any], Row[Any]]:
    with g.db.reading() as db:
        invitation = db.one(INVITATION, token_hash=digest(token))
        account = db.one(ACCOUNT_FACTS, account=invitation.account_id) if invitation else None
    now = the_broker().ports.clock.now()
    if invitation is None or account is None or invitation.used_at or invitation.superseded_at:
        raise Refusal(Cause.INVITATION_USED, "unknown, used or replaced")
    if invitation.expires_at <= now:
        raise Refusal(Cause.ACCOUNT_NOT_ACTIVATED, "the invitation has run out", account_id=account.id)
    _require_admission(account)
    return invitation, account


def _require_set_up() -> SetUp:
    transaction = require("activate")
    with g.db.reading() as db:
        account = db.one(ACCOUNT_FACTS, account=transaction.row.account_id)
    if account is None:
        raise Refusal(Cause.ACCOUNT_UNKNOWN, "the account was removed meanwhile")
    _require_admission(account)
    return SetUp(
        transaction=transaction,
        account=account,
        policy=PRESETS[g.tenant.policy.password],
        app_endpoint="signin.enrol_app",
        done_endpoint="signin.activated",
        issuer=g.tenant.name,
    )


def _require_admission(account: Row[Any]) -> None:
    """May this account have a local sign-in now? Its being invited, and having no factor yet, is what we are here for."""
    facts = account_facts(account, [])
    admission = admit(
        AdmissionFacts(
            policy=g.tenant.policy,
            account=facts,
            sign_in=SignInFacts(way=LOCAL, factors=frozenset({"password", "totp"})),
            now=the_broker().ports.clock.now(),
            rules=g.tenant.domains,
        )
    )
    expected = facts.state is AccountState.INVITED and admission.cause is Cause.ACCOUNT_NOT_ACTIVATED
    if admission.cause is not None and not expected:
        raise Refusal(admission.cause, "; ".join(reason.sentence for reason in admission.reasons), account_id=account.id)
