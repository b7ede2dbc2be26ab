"""A right password that is known from a leak, and what the tenant's policy does about it (`on_breach`).

`warn`: its owner is told by mail, once. `change`: when password and second factor are proven, a new password is chosen
before the sign-in goes on. What it will replace waits, sealed, in the transaction's row.
"""

import json
from typing import Any

from flask import g
from flask_babel import gettext as _
from sqlalchemy import Row
from werkzeug.wrappers import Response

from broker.device import device_secrets
from broker.mail.letters import post
from broker.password_check import is_breached
from broker.signin import set_up
from broker.signin.complete import require_admitted
from broker.signin.dispatch import go_on
from broker.signin.set_up import SetUp
from broker.signin.transaction import Transaction, browser_hash, require
from broker.tenancy import client_address
from broker.wiring import the_broker
from tenants import audit
from tenants.accounts import LOCK_ACCOUNT
from tenants.audit import Event
from tenants.causes import Cause, Refusal
from tenants.credentials import MARK_COMPROMISED
from tenants.ids import digest
from tenants.local_off import end_attempts
from tenants.own import CHANGE_PASSWORD, END_TRUST, FORGET_OTHER_DEVICES
from tenants.passwords import normalise_password
from tenants.sessions import END_SESSIONS_OF_ACCOUNT
from tenants.transactions import REOPEN_TRANSACTION, SAVE_TRANSACTION
from tenants.vault import Place


def look_at(transaction: Transaction, account: Row[Any], typed: str) -> str | None:
    """After a right password: note a leaked one. What `pending_sealed` of the transaction is to be; None: nothing to change.

    `account` is a row of PASSWORD_OF_ADDRESS, read before this sign-in was noted.
    """
    wish = g.tenant.policy_for(account.organization_id).on_breach
    if wish == "off" or not is_breached(normalise_password(typed), account):
        return None
    if account.compromised_at is None:
        _note(transaction, account, is_mailed=wish == "warn")
    if wish == "warn":
        return None
    old = {"credential_id": account.credential_id, "old_hash": account.secret_hash}
    return the_broker().vault.seal(json.dumps(old), _place(transaction))


def password_page() -> Response:
    """GET: the rules, and why a new password is asked for."""
    return set_up.password_page(_require_change()[0])


def keep_password() -> Response:
    """POST: a password that keeps the rules takes the place of the leaked one, and the sign-in goes on."""
    change, credential_id = _require_change()
    return set_up.keep_password(change, lambda done, new_hash: _finish(done, credential_id, new_hash))


def _note(transaction: Transaction, account: Row[Any], *, is_mailed: bool) -> None:
    now = the_broker().ports.clock.now()
    with g.db.writing() as db:
        if not db.run(MARK_COMPROMISED, credential_id=account.credential_id, found_hash=account.secret_hash, at=now):
            return
        audit.append(
            db,
            Event.PASSWORD_COMPROMISED,
            at=now,
            reference=transaction.row.reference,
            account_id=account.account_id,
            address=client_address(),
        )
        if is_mailed:
            post(db, account.email, "password_leaked", now, at=now.isoformat())


def _require_change() -> tuple[SetUp, str]:
    """Only behind password and second factor: whoever knows the leaked password alone changes nothing."""
    transaction = require()
    sealed = transaction.row.pending_sealed
    if not sealed or not transaction.has_proven("pwd"):
        raise Refusal(Cause.FLOW_EXPIRED, "no password is to be changed in this attempt")
    admitted = require_admitted(transaction)
    if admitted.factor_needed:
        raise Refusal(Cause.FLOW_EXPIRED, "the second factor was not shown in this attempt")
    old = json.loads(the_broker().vault.open(sealed, _place(transaction)))
    change = SetUp(
        transaction=transaction,
        account=admitted.account,
        policy=g.tenant.policy_for(admitted.account.organization_id).password_policy,
        app_endpoint="",
        done_endpoint="",
        issuer="",
        has_app_step=False,
        why=_("Your password is known from a data leak, so others may try it. Choose a new one to go on."),
        old_hash=old["old_hash"],
    )
    return change, old["credential_id"]


def _finish(done: SetUp, credential_id: str, new_hash: str) -> Response:
    """What somebody else may have opened with the old one ends."""
    transaction, now = done.transaction, the_broker().ports.clock.now()
    ours = {"id_hash": transaction.id_hash, "browser": browser_hash(), "now": now}
    seen = {"at": now.isoformat(), "address": client_address(), "by": "you"}
    kept = [digest(secret) for secret in device_secrets()]
    with g.db.writing() as db:
        # A sign-in that opens its session now is waited for, and ends with the others.
        db.one(LOCK_ACCOUNT, account=done.account.id)
        renewed = {"credential_id": credential_id, "old_hash": done.old_hash, "new_hash": new_hash}
        if not db.run(CHANGE_PASSWORD, now=now, **renewed):
            raise Refusal(Cause.FLOW_EXPIRED, "the password was changed meanwhile", account_id=done.account.id)
        row = db.one(SAVE_TRANSACTION, pending_sealed=None, **ours)
        if row is None:
            raise Refusal(Cause.FLOW_EXPIRED, "the transaction ended meanwhile", account_id=done.account.id)
        db.run(END_SESSIONS_OF_ACCOUNT, account=done.account.id, now=now)
        end_attempts(db, done.account.id, now)
        db.run(REOPEN_TRANSACTION, **ours)  # but for this attempt
        db.run(END_TRUST, account=done.account.id)
        db.run(FORGET_OTHER_DEVICES, account=done.account.id, tokens=kept)
        audit.append(
            db,
            Event.CREDENTIAL_CHANGED,
            at=now,
            reference=transaction.row.reference,
            account_id=done.account.id,
            address=client_address(),
            detail={"what": "password", "by": "you"},
        )
        post(db, done.account.email, "credential_changed", now, what="password", **seen)
    transaction.row = row
    return go_on(transaction)


def _place(transaction: Transaction) -> Place:
    return Place(g.tenant.id, "login_transactions", "pending_sealed", transaction.id_hash)
