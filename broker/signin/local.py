"""Local sign-in: password, then the code of the authenticator app (requirements.md, L3)."""

from datetime import datetime
from typing import Any

from flask import g, make_response, render_template, request, url_for
from flask_babel import format_time
from flask_babel import gettext as _
from sqlalchemy import Row
from werkzeug.wrappers import Response

from broker.errors import record
from broker.factors import password, totp
from broker.session import Proof
from broker.signin.complete import account_facts
from broker.signin.dispatch import go_on
from broker.signin.question import address_of, other_ways, require_way
from broker.signin.transaction import Transaction, add_proof, count_failure, require, take_way
from broker.tenancy import client_address
from broker.wiring import the_broker
from tenants.causes import Cause, Refusal
from tenants.credentials import ACCOUNT_FACTS
from tenants.policies import AdmissionFacts, SignInFacts, admit
from tenants.statements import Scoped
from tenants.throttles import (
    ADDRESS_LIMIT,
    FORGET_TRIES,
    FORGIVE_TRY,
    PASSWORD_LIMIT,
    TOTP_LIMIT,
    Limit,
    counter_key,
    take_try,
)
from tenants.ways import LOCAL


def password_page() -> Response:
    """GET: ask for the password of the address that was typed."""
    transaction = _require_local()
    return _password_form(transaction, {})


def check_password() -> Response:
    """POST: one try. The answer to a wrong one is the same whoever the address belongs to (LC-04)."""
    transaction = _require_local()
    typed = request.form.get("password", "")
    wrong = {"password": _("The e-mail address or the password is not right.")}
    if not password.is_possible(typed):
        return _password_form(transaction, wrong, 400)
    counter = counter_key("password", _address_key(transaction))
    _spend_tries(counter, PASSWORD_LIMIT, Cause.RATE_LIMITED)
    account = password.check(transaction.row.email, typed)
    if account is None:
        record(Refusal(Cause.CREDENTIALS_INVALID, "wrong password", email=transaction.row.email))
        count_failure(transaction)
        return _password_form(transaction, wrong, 403)
    _note_right_try(FORGET_TRIES, counter)
    _require_admission(account)
    proof = Proof("pwd", the_broker().ports.clock.now())
    take_way(transaction, LOCAL, account_id=account.account_id, proofs=[proof.as_json()])
    return go_on(transaction)


def totp_page() -> Response:
    """GET: ask for the code."""
    transaction = _require_first_step()
    return _totp_form(transaction, {})


def check_totp() -> Response:
    """POST: one try of a code."""
    transaction = _require_first_step()
    account_id = transaction.row.account_id
    counter = counter_key("totp", account_id)
    _spend_tries(counter, TOTP_LIMIT, Cause.CREDENTIAL_LOCKED)
    if not totp.check(account_id, request.form.get("code", "")):
        record(Refusal(Cause.FACTOR_INVALID, "wrong or spent code", account_id=account_id))
        count_failure(transaction)
        sentence = _("This code is not right. Apps show a new one every 30 seconds; use the one on the screen now.")
        return _totp_form(transaction, {"code": sentence}, 403)
    # Not forgotten: else each sign-in of the owner would give somebody who has the password new tries (SF-02).
    _note_right_try(FORGIVE_TRY, counter)
    add_proof(transaction, Proof("otp", the_broker().ports.clock.now()))
    return go_on(transaction)


def _require_local() -> Transaction:
    transaction = require()
    require_way(transaction, LOCAL)
    if transaction.row.method != LOCAL or not transaction.row.email:
        raise Refusal(Cause.FLOW_EXPIRED, "no address was typed in this attempt")
    return transaction


def _require_first_step() -> Transaction:
    """Nobody reaches the second factor without the first one, shown in this very attempt (SF-03)."""
    transaction = require()
    is_local = transaction.row.method == LOCAL
    if is_local:
        require_way(transaction, LOCAL)
    if not transaction.has_proven("pwd" if is_local else "fed"):
        raise Refusal(Cause.FLOW_EXPIRED, "the first step was not taken in this attempt")
    return transaction


def _require_admission(account: Row[Any]) -> None:
    """The password is right: now the exact cause may be told, before anything else is asked."""
    with g.db.reading() as db:
        facts = db.one(ACCOUNT_FACTS, account=account.account_id)
    if facts is None:
        raise Refusal(Cause.ACCOUNT_UNKNOWN, "the account was removed meanwhile")
    admission = admit(
        AdmissionFacts(
            policy=g.tenant.policy,
            account=account_facts(facts, []),
            sign_in=SignInFacts(way=LOCAL, factors=frozenset({"password"})),
            now=the_broker().ports.clock.now(),
            rules=g.tenant.domains,
        )
    )
    if admission.cause is not None:
        detail = "; ".join(reason.sentence for reason in admission.reasons)
        raise Refusal(admission.cause, detail, account_id=account.account_id, email=account.email)


def _spend_tries(counter: str, limit: Limit, cause: Cause) -> None:
    """One try for the account and one for the network address, or a pause. The same for right and wrong ones."""
    now = the_broker().ports.clock.now()
    with g.db.writing() as db:
        until = take_try(db, counter_key("address", client_address()), ADDRESS_LIMIT, now)
        until = until or take_try(db, counter, limit, now)
    if until is not None:
        what = counter.partition(":")[0]
        raise Refusal(cause, f"{what} paused until {until.isoformat()}", until=_clock_time(until))


def _note_right_try(statement: Scoped, counter: str) -> None:
    """The counters are locked in the same order as by the tries themselves, or two of them would wait for each other."""
    with g.db.writing() as db:
        db.run(FORGIVE_TRY, key=counter_key("address", client_address()))
        db.run(statement, key=counter)


def _address_key(transaction: Transaction) -> str:
    """One counter for all spellings of an address (RT-06)."""
    address = address_of(transaction)
    return address.key if address else ""


def _clock_time(moment: datetime) -> str:
    return f"{format_time(moment, 'HH:mm')} UTC"


def _password_form(transaction: Transaction, errors: dict[str, str], status: int = 200) -> Response:
    page = render_template(
        "signin/password.html",
        tx=transaction.tx,
        email=transaction.row.email,
        restart_url=url_for("signin.sign_in", tx=transaction.tx),
        ways_url=url_for("signin.choose", tx=transaction.tx) if other_ways(transaction) else None,
        errors=errors,
    )
    return make_response(page, status)


def _totp_form(transaction: Transaction, errors: dict[str, str], status: int = 200) -> Response:
    page = render_template(
        "factors/totp.html",
        tx=transaction.tx,
        email=transaction.row.email,
        restart_url=url_for("signin.sign_in", tx=transaction.tx),
        errors=errors,
    )
    return make_response(page, status)
