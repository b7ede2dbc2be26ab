"""Local sign-in: the password (requirements.md, L3). What comes after it stands in factor_pages.py."""

from typing import Any

from flask import g, make_response, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import Row
from werkzeug.wrappers import Response

from broker.errors import record
from broker.factors import password
from broker.known_devices import is_trusted, known_device_of_address
from broker.session import Proof
from broker.signin import leaked
from broker.signin.complete import account_facts
from broker.signin.dispatch import go_on
from broker.signin.offers import first_login_url, reset_url
from broker.signin.question import address_of, other_ways, require_way
from broker.signin.transaction import Transaction, count_failure, require, require_live, write_way
from broker.signin.tries import note_right_try, note_wrong_try, spend_try, tries_of
from broker.whom_to_ask import know_reader
from broker.wiring import the_broker
from tenants.causes import Cause, Refusal
from tenants.credentials import ACCOUNT_FACTS
from tenants.policies import AdmissionFacts, SignInFacts, admit
from tenants.throttles import FORGET_TRIES
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
    address_key = _address_key(transaction)
    device = known_device_of_address(address_key)
    tries = tries_of("password", address_key, device, Cause.RATE_LIMITED)
    spend_try(tries)
    account = password.check(transaction.row.email, typed)
    if account is None:
        record(Refusal(Cause.CREDENTIALS_INVALID, "wrong password", email=transaction.row.email))
        note_wrong_try(tries)
        count_failure(transaction)
        return _password_form(transaction, wrong, 403)
    refusal = _refusal(account)
    pending = leaked.look_at(transaction, account, typed) if refusal is None else None
    proofs = [proof.as_json() for proof in _proofs(transaction, device, account.organization_id)]
    learned = {"account_id": account.account_id, "proofs": proofs, "pending_sealed": pending}
    with g.db.writing(is_durable=False) as db:
        password.note_use(db, account.credential_id)
        note_right_try(db, FORGET_TRIES, tries)
        is_live = refusal is not None or write_way(db, transaction, LOCAL, **learned)
    if refusal is not None:
        raise refusal
    require_live(is_live)
    return go_on(transaction)


def _proofs(transaction: Transaction, device: Row[Any] | None, organization_id: str) -> list[Proof]:
    """The password; and the device in place of a second factor, unless an application wants the person to be asked.

    Nor does a device let another way into the account (SF-04).
    """
    now = the_broker().ports.clock.now()
    proofs = [Proof("pwd", now)]
    if is_trusted(device, organization_id, now) and not (transaction.demands_fresh_proof() or transaction.hints.link):
        proofs.append(Proof("dev", now))
    return proofs


def _require_local() -> Transaction:
    transaction = require()
    require_way(transaction, LOCAL)
    if transaction.row.method != LOCAL or not transaction.row.email:
        raise Refusal(Cause.FLOW_EXPIRED, "no address was typed in this attempt")
    return transaction


def _refusal(account: Row[Any]) -> Refusal | None:
    """The password is right: now the exact cause may be told, before anything else is asked. None: go on."""
    with g.db.reading() as db:
        facts = db.one(ACCOUNT_FACTS, account=account.account_id)
    if facts is None:
        return Refusal(Cause.ACCOUNT_UNKNOWN, "the account was removed meanwhile")
    know_reader(facts)
    admission = admit(
        AdmissionFacts(
            policy=g.tenant.policy_for(facts.organization_id),
            account=account_facts(facts),
            sign_in=SignInFacts(way=LOCAL, factors=frozenset({"password"})),
            now=the_broker().ports.clock.now(),
            rules=g.tenant.domains,
        )
    )
    if admission.cause is None:
        return None
    detail = "; ".join(reason.sentence for reason in admission.reasons)
    return Refusal(admission.cause, detail, account_id=account.account_id, email=account.email)


def _address_key(transaction: Transaction) -> str:
    """One counter for all spellings of an address (RT-06)."""
    address = address_of(transaction)
    return address.key if address else ""


def _password_form(transaction: Transaction, errors: dict[str, str], status: int = 200) -> Response:
    page = render_template(
        "signin/password.html",
        tx=transaction.tx,
        email=transaction.row.email,
        restart_url=url_for("signin.sign_in", tx=transaction.tx),
        ways_url=url_for("signin.choose", tx=transaction.tx) if other_ways(transaction) else None,
        first_login_url=first_login_url(transaction),
        reset_url=reset_url(transaction),
        errors=errors,
    )
    return make_response(page, status)
