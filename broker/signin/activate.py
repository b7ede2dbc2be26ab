"""An invitation: open the link, choose a password, set up the app, prove it; then everything is written at once.

Opening the link consumes nothing (mail scanners open links, IR-04); the link's token is spent together with writing
the credentials, so that exactly one set-up wins (IR-02).
"""

import json
from datetime import datetime
from typing import Any

from flask import g, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import Row
from werkzeug.wrappers import Response

from broker.errors import record
from broker.factors import totp
from broker.password_rules import checklist, context_of
from broker.session import Proof, SignedIn, open_session, signed_in
from broker.signin.complete import account_facts
from broker.signin.transaction import Transaction, begin_activation, browser_hash, count_failure, require, save
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
from tenants.passwords import PRESETS, PasswordError, check_password, normalise_password
from tenants.policies import AdmissionFacts, SignInFacts, admit
from tenants.sessions import END_SESSIONS_OF_ACCOUNT
from tenants.transactions import FINISH_TRANSACTION, INVITATION, SPEND_INVITATION
from tenants.vault import Place
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
    transaction, account = _require_set_up()
    return _password_form(transaction, account, None, {})


def keep_password() -> Response:
    """POST: a password that keeps the rules is hashed and waits, sealed, for the last step."""
    transaction, account = _require_set_up()
    typed, again = request.form.get("new_password", ""), request.form.get("repeat_password", "")
    errors: dict[str, str] = {}
    try:
        outcomes = check_password(PRESETS[g.tenant.policy.password], typed, context_of(account))
        objection = next((_(line.text_key, **line.values) for line in outcomes if not line.met), None)
        if objection:
            errors["new_password"] = objection
        elif normalise_password(typed) != normalise_password(again):
            errors["repeat_password"] = _("The two entries are not the same.")
    except PasswordError:
        outcomes, errors = None, {"new_password": _("This can't be a password: it is too long, or not text.")}
    if errors:
        return _password_form(transaction, account, outcomes, errors, 400)
    pending = _pending(transaction) or {"seed": totp.new_seed(), "credential_id": new_id("cre")}
    pending["password_hash"] = the_broker().hasher.hash(normalise_password(typed))
    save(transaction, pending_sealed=_seal_pending(transaction, pending))
    return redirect(url_for("signin.enrol_app", tx=transaction.tx), 303)


def app_page() -> Response:
    """GET: the picture and the secret."""
    transaction, account = _require_set_up()
    return _app_form(transaction, account, _require_pending(transaction), {})


def prove_app() -> Response:
    """POST: the first code of the app; with it, password and app are written and the person is signed in."""
    transaction, account = _require_set_up()
    pending = _require_pending(transaction)
    now = the_broker().ports.clock.now()
    step = totp.matching_step(pending["seed"], request.form.get("code", ""), now)
    if step is None:
        record(Refusal(Cause.FACTOR_INVALID, "wrong code at set-up", account_id=account.id))
        count_failure(transaction)
        sentence = _("This code is not right. Apps show a new one every 30 seconds; use the one on the screen now.")
        return _app_form(transaction, account, pending, {"code": sentence}, 403)
    before = signed_in()
    with g.db.writing() as db:
        _finish(db, transaction, account, pending, step, before)
    return redirect(url_for("signin.activated"), 303)


def done_page() -> Response:
    """GET: the end of the set-up."""
    page = render_template("signin/done.html", application_name=None, continue_url=url_for("home.home"))
    return make_response(page)


def _finish(
    db: TenantSession,
    transaction: Transaction,
    account: Row[Any],
    pending: dict[str, str],
    step: int,
    before: SignedIn | None,
) -> None:
    now = the_broker().ports.clock.now()
    row = transaction.row
    if not db.run(SPEND_INVITATION, invitation_id=row.invitation_id, now=now):
        raise Refusal(Cause.INVITATION_USED, "spent, replaced or run out", account_id=account.id)
    if not db.run(FINISH_TRANSACTION, id_hash=row.id, browser=browser_hash(), now=now):
        raise Refusal(Cause.FLOW_EXPIRED, "the transaction ended meanwhile")
    if not db.run(ACTIVATE_ACCOUNT, account=account.id, active=AccountState.ACTIVE.value, at=now):
        raise Refusal(Cause.FLOW_EXPIRED, "the account was switched off meanwhile", account_id=account.id)
    db.run(DROP_LOCAL_CREDENTIALS, account=account.id)
    db.run(END_SESSIONS_OF_ACCOUNT, account=account.id, now=now)
    _add_credentials(db, account.id, pending, step, now)
    open_session(db, account.id, LOCAL, [Proof(method, now).as_json() for method in ("pwd", "otp")], now, before)
    seen = {"at": now, "account_id": account.id, "reference": row.reference, "address": client_address()}
    audit.append(db, Event.ACCOUNT_ACTIVATED, **seen)
    audit.append(db, Event.LOGIN_SUCCEEDED, detail={"method": LOCAL, "proofs": "pwd otp"}, **seen)


def _add_credentials(db: TenantSession, account_id: str, pending: dict[str, str], step: int, now: datetime) -> None:
    """Password and app; the code that proved the app is spent with that."""
    added = {"account_id": account_id, "created_at": now}
    kind, password_hash = CredentialKind.PASSWORD.value, pending["password_hash"]
    db.run(ADD_CREDENTIAL, id=new_id("cre"), kind=kind, secret_hash=password_hash, **added)
    db.run(
        ADD_CREDENTIAL,
        id=pending["credential_id"],
        kind=CredentialKind.TOTP.value,
        secret_sealed=totp.seal_seed(pending["seed"], pending["credential_id"]),
        last_step=step,
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


def _require_set_up() -> tuple[Transaction, Row[Any]]:
    transaction = require("activate")
    with g.db.reading() as db:
        account = db.one(ACCOUNT_FACTS, account=transaction.row.account_id)
    if account is None:
        raise Refusal(Cause.ACCOUNT_UNKNOWN, "the account was removed meanwhile")
    _require_admission(account)
    return transaction, account


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
        raise Refusal(
            admission.cause, "; ".join(reason.sentence for reason in admission.reasons), account_id=account.id
        )


def _password_form(
    transaction: Transaction, account: Row[Any], outcomes: Any, errors: dict[str, str], status: int = 200
) -> Response:
    policy = PRESETS[g.tenant.policy.password]
    page = render_template(
        "signin/choose_password.html",
        tx=transaction.tx,
        email=account.email,
        rules=checklist(policy, context_of(account), outcomes or ()),
        errors=errors,
        minimum=policy.min_length,
        maximum=policy.max_length,
    )
    return make_response(page, status)


def _app_form(
    transaction: Transaction, account: Row[Any], pending: dict[str, str], errors: dict[str, str], status: int = 200
) -> Response:
    seed = pending["seed"]
    page = render_template(
        "factors/enrol_totp.html",
        tx=transaction.tx,
        secret_groups=[seed[start : start + 4] for start in range(0, len(seed), 4)],
        otpauth_url=totp.enrolment_url(seed, account.email, g.tenant.name),
        errors=errors,
    )
    return make_response(page, status)


def _require_pending(transaction: Transaction) -> dict[str, str]:
    pending = _pending(transaction)
    if pending is None:
        raise Refusal(Cause.FLOW_EXPIRED, "no password was chosen in this set-up")
    return pending


def _pending(transaction: Transaction) -> dict[str, str] | None:
    sealed = transaction.row.pending_sealed
    if not sealed:
        return None
    opened: dict[str, str] = json.loads(the_broker().vault.open(sealed, _place(transaction)))
    return opened


def _seal_pending(transaction: Transaction, pending: dict[str, str]) -> str:
    return the_broker().vault.seal(json.dumps(pending), _place(transaction))


def _place(transaction: Transaction) -> Place:
    return Place(g.tenant.id, "login_transactions", "pending_sealed", transaction.id_hash)
