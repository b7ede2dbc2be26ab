"""Signing in with a passkey: the whole of it, or as the second factor behind a password or an identity provider.

One page for both. Its challenge stands in the attempt's row and is taken by the first answer, whatever that is worth.
"""

from typing import Any

from flask import g, make_response, render_template, request, url_for
from sqlalchemy import Row
from werkzeug.wrappers import Response

from broker.errors import record
from broker.factors import passkey
from broker.session import Proof
from broker.signin.dispatch import go_on
from broker.signin.factor_pages import (
    has_taken_first_step,
    other_factors_url,
    require_first_step,
    trust_days,
    wants_trust,
)
from broker.signin.question import question_of, require_way
from broker.signin.second_factor import PASSKEY, require_factor
from broker.signin.transaction import (
    BY_MAIL,
    Transaction,
    browser_hash,
    count_failure,
    require,
    require_live,
    save,
    start_url,
    write_proof,
    write_way,
)
from broker.signin.tries import forgive_network_try, spend_network_try
from broker.wiring import the_broker
from tenants.addresses import normalise_address
from tenants.causes import Cause, Refusal
from tenants.credentials import ACCOUNT_FACTS
from tenants.discovery import check_way
from tenants.passkeys import PASSKEYS_OF_ACCOUNT
from tenants.transactions import TAKE_CHALLENGE
from tenants.ways import LOCAL


def passkey_page() -> Response:
    """GET: have the browser ask for a passkey."""
    transaction = _require_passkeys()
    return _form(transaction)


def check_passkey() -> Response:
    """POST: what the passkey signed."""
    transaction = _require_passkeys()
    is_second = has_taken_first_step(transaction)
    account_id = _verified(transaction, transaction.row.account_id if is_second else None)
    if account_id is None:
        count_failure(transaction)
        return _form(transaction, has_failed=True)
    proof = Proof("hwk", the_broker().ports.clock.now())
    if is_second:
        with g.db.writing() as db:
            forgive_network_try(db)
            is_live = write_proof(db, transaction, proof)
        require_live(is_live)
        return go_on(transaction, trusts_device=wants_trust())
    account = _require_account(account_id)
    if not passkey.is_offered(g.tenant.policy_for(account.organization_id)):
        raise Refusal(Cause.METHOD_NOT_ALLOWED, "passkeys are off for the part of the account", account_id=account.id)
    require_way(transaction, LOCAL, normalise_address(account.email))
    with g.db.writing() as db:
        forgive_network_try(db)
        is_live = write_way(db, transaction, LOCAL, email=account.email, account_id=account.id, proofs=[proof.as_json()])
    require_live(is_live)
    return go_on(transaction)


def offered_url(transaction: Transaction) -> str | None:
    """Where to sign in with a passkey alone; None: that is not offered in this attempt."""
    is_open = passkey.is_offered_to_some() and check_way(question_of(transaction, None), LOCAL).cause is None
    return url_for("signin.passkey", tx=transaction.tx) if is_open else None


def _require_passkeys() -> Transaction:
    transaction = require("sign_in", *BY_MAIL)
    if transaction.is_by_mail or has_taken_first_step(transaction):
        return require_first_step()
    require_way(transaction, LOCAL)
    if not passkey.is_offered_to_some():
        raise Refusal(Cause.METHOD_NOT_ALLOWED, "passkeys are off for the organization")
    return transaction


def _verified(transaction: Transaction, account_id: str | None) -> str | None:
    """Whose passkey has signed the challenge of this attempt, of `account_id` alone where that is given."""
    challenge, now = transaction.row.challenge, the_broker().ports.clock.now()
    spend_network_try("passkey")
    with g.db.writing() as db:
        taken = db.one(TAKE_CHALLENGE, id_hash=transaction.id_hash, taken=challenge, browser=browser_hash(), now=now)
    if taken is None:
        record(Refusal(Cause.FACTOR_INVALID, "passkey: its challenge was taken already", account_id=account_id))
        return None
    transaction.row = taken
    return passkey.verify_request(request.form.get("answer", ""), challenge, account_id)


def _require_account(account_id: str) -> Row[Any]:
    with g.db.reading() as db:
        account: Row[Any] | None = db.one(ACCOUNT_FACTS, account=account_id)
    if account is None:
        raise Refusal(Cause.ACCOUNT_UNKNOWN, "the account was removed meanwhile")
    return account


def _form(transaction: Transaction, *, has_failed: bool = False) -> Response:
    challenge = passkey.new_challenge()
    save(transaction, challenge=challenge)
    context = _second_step(transaction, challenge) if has_taken_first_step(transaction) else _first_step(transaction, challenge)
    page = render_template("factors/passkey.html", tx=transaction.tx, has_failed=has_failed, **context)
    return make_response(page, 403 if has_failed else 200)


def _second_step(transaction: Transaction, challenge: str) -> dict[str, object]:
    factors = require_factor(transaction, PASSKEY)
    with g.db.reading() as db:
        allowed = db.all(PASSKEYS_OF_ACCOUNT, account=transaction.row.account_id)
    return {
        "options": passkey.request_options(challenge, allowed),
        "email": transaction.row.email,
        "restart_url": start_url(transaction),
        "other_url": other_factors_url(transaction, factors),
        "trust_days": trust_days(transaction, factors),
    }


def _first_step(transaction: Transaction, challenge: str) -> dict[str, object]:
    return {
        "options": passkey.request_options(challenge),
        "email": None,
        "restart_url": None,
        "other_url": url_for("signin.sign_in", tx=transaction.tx, ended="1"),
        "trust_days": 0,
    }
