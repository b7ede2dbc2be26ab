"""Choosing a password and setting up an authenticator app, whatever they are for: an account, or the back door.

The new password's hash and the app's seed wait, sealed, in the transaction's row; when the first code of the app proves
it, `finish` writes both at once.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from flask import g, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import Row
from werkzeug.wrappers import Response

from broker.errors import record
from broker.factors import recovery_code, totp
from broker.password_check import judge, objection
from broker.password_rules import checklist, context_of
from broker.signin.transaction import Transaction, count_failure, save
from broker.wiring import the_broker
from tenants.causes import Cause, Refusal
from tenants.ids import new_id
from tenants.passwords import PasswordError, PasswordPolicy, normalise_password
from tenants.vault import Place


@dataclass(frozen=True, slots=True)
class SetUp:
    """One set-up under way. `account` is a row of ACCOUNT_FACTS."""

    transaction: Transaction
    account: Row[Any]
    policy: PasswordPolicy
    app_endpoint: str
    done_endpoint: str
    issuer: str
    """What the authenticator app calls it."""
    credential_id: str | None = None
    """Of the row that the seed will stand in; None: it is new."""
    is_for_door: bool = False
    has_app_step: bool = True
    """False: there is a second factor already, and the password is all."""
    why: str = ""
    """Why a new password is asked for, in a sentence for the page."""
    old_hash: str | None = field(default=None, repr=False)
    """Of the password that the new one must not be."""


@dataclass(frozen=True, slots=True)
class NewCredentials:
    """What is to be written. `step` is the time step of the code that proved the app: it is spent with that."""

    credential_id: str
    password_hash: str = field(repr=False)
    seed: str = field(repr=False)
    step: int


def password_page(set_up: SetUp) -> Response:
    """GET: the rules, before anything is typed."""
    return _password_form(set_up, None, {})


def keep_password(set_up: SetUp, finish: Callable[[SetUp, str], Response] | None = None) -> Response:
    """POST: a password that keeps the rules is hashed and waits, sealed, for the last step; `finish` takes it at once."""
    transaction = set_up.transaction
    typed, again = request.form.get("new_password", ""), request.form.get("repeat_password", "")
    errors: dict[str, str] = {}
    try:
        outcomes = judge(set_up.policy, typed, set_up.account)
        if refused := objection(outcomes) or _is_old(set_up, typed):
            errors["new_password"] = refused
        elif normalise_password(typed) != normalise_password(again):
            errors["repeat_password"] = _("The two entries are not the same.")
    except PasswordError:
        outcomes, errors = None, {"new_password": _("This can’t be a password: it is too long, or not text.")}
    if errors:
        return _password_form(set_up, outcomes, errors, 400)
    password_hash = the_broker().hasher.hash(normalise_password(typed))
    if finish is not None:
        return finish(set_up, password_hash)
    pending = _pending(transaction) or {
        "seed": totp.new_seed(),
        "credential_id": set_up.credential_id or new_id("cre"),
    }
    pending["password_hash"] = password_hash
    save(transaction, pending_sealed=_seal_pending(transaction, pending))
    return redirect(url_for(set_up.app_endpoint, tx=transaction.tx), 303)


def app_page(set_up: SetUp) -> Response:
    """GET: the picture and the secret."""
    return _app_form(set_up, _require_pending(set_up.transaction), {})


def prove_app(set_up: SetUp, finish: Callable[[SetUp, NewCredentials], None]) -> Response:
    """POST: the first code of the app; with it, password and app are written. Recovery codes are shown, this once."""
    pending = _require_pending(set_up.transaction)
    step = totp.matching_step(pending["seed"], request.form.get("code", ""), the_broker().ports.clock.now())
    if step is None:
        record(Refusal(Cause.FACTOR_INVALID, "wrong code at set-up", account_id=set_up.account.id))
        count_failure(set_up.transaction)
        sentence = _("This code is not right. Apps show a new one every 30 seconds; use the one on the screen now.")
        return _app_form(set_up, pending, {"code": sentence}, 403)
    finish(set_up, NewCredentials(pending["credential_id"], pending["password_hash"], pending["seed"], step))
    done_url = url_for(set_up.done_endpoint, tx=set_up.transaction.tx)
    return redirect(done_url, 303) if set_up.is_for_door else _give_codes(set_up, done_url)


def _give_codes(set_up: SetUp, done_url: str) -> Response:
    """Recovery codes, for accounts; the operator gives a new link to whoever has lost the app of the back door.

    Written after the rest, in a step of their own: whoever sees them not can make new ones, and nothing else hangs on it.
    """
    codes, now = recovery_code.new_codes(), the_broker().ports.clock.now()
    with g.db.writing() as db:
        recovery_code.store(db, set_up.account.id, codes, now)
    return recovery_code.page_of(codes, set_up.account.email, done_url)


def _is_old(set_up: SetUp, typed: str) -> str | None:
    if set_up.old_hash is None or not the_broker().hasher.verify(set_up.old_hash, normalise_password(typed)):
        return None
    return str(_("This is the password that you have now. Choose another one."))


def _password_form(set_up: SetUp, outcomes: Any, errors: dict[str, str], status: int = 200) -> Response:
    page = render_template(
        "signin/choose_password.html",
        tx=set_up.transaction.tx,
        email=set_up.account.email,
        rules=checklist(set_up.policy, context_of(set_up.account), outcomes or ()),
        errors=errors,
        minimum=set_up.policy.min_length,
        maximum=set_up.policy.max_length,
        is_for_door=set_up.is_for_door,
        has_app_step=set_up.has_app_step,
        why=set_up.why,
    )
    return make_response(page, status)


def _app_form(set_up: SetUp, pending: dict[str, str], errors: dict[str, str], status: int = 200) -> Response:
    seed = pending["seed"]
    page = render_template(
        "factors/enrol_totp.html",
        tx=set_up.transaction.tx,
        secret_groups=[seed[start : start + 4] for start in range(0, len(seed), 4)],
        otpauth_url=totp.enrolment_url(seed, set_up.account.email, set_up.issuer),
        errors=errors,
        is_for_door=set_up.is_for_door,
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
