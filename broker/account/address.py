"""Showing that one's address is one's own, by a mailed code (requirements.md, T4): applications may then be told it.

Nobody had proven it before, so the account could have been laid out for somebody else by whoever knew the address. What
may have been laid into it then ends with the first proof (security.md, LC-09): everything but the way that this very
session came by, and the password of the last admin who gets in without an identity provider (AC-06). The code is typed in
the session that asked for it: a mail that somebody else has caused proves nothing.
"""

from flask import g, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from broker.account.changes import back, clock_now, note_change, own_page
from broker.account.holdings import held_by
from broker.errors import record
from broker.factors import email_code
from broker.factors.email_code import OWN_ADDRESS, CodeState
from broker.guard import require_person
from broker.next_steps import is_mail_sent
from broker.session import SignedIn, open_session
from broker.signin.transaction import Transaction, begin_change, browser_hash, find
from tenants.accounts import LOCK_ACCOUNT
from tenants.causes import Cause, Refusal
from tenants.db import TenantSession
from tenants.linking import end_what_was, is_last_own_way
from tenants.own import OWN_ACCOUNT
from tenants.transactions import FINISH_TRANSACTION
from tenants.ways import LOCAL


def address_page() -> Response:
    """GET: what confirming means; or the field for the code that is on its way."""
    person = require_person()
    if not _is_possible(person):
        return back()
    transaction = _find(person)
    if transaction is not None:
        return _form(transaction, {})
    return own_page(
        "account/confirm.html",
        person,
        title=_("Confirm your address?"),
        sentences=_meaning(person),
        may_go_on=True,
        label=_("Send me a code"),
        is_danger=False,
        cancel_url=url_for("account.overview"),
    )


def confirm_address() -> Response:
    """POST: a code is sent, or one is tried."""
    person = require_person()
    if not _is_possible(person):
        return back()
    transaction = _find(person)
    if transaction is None or "again" in request.form:
        return _send(transaction or begin_change(OWN_ADDRESS, person.row.account_id, person.row.email))
    redeemed = email_code.redeem(transaction, request.form.get("code", ""))
    if redeemed.state is CodeState.RIGHT and redeemed.account_id == person.row.account_id:
        return _finish(person, transaction)
    record(Refusal(Cause.CODE_INVALID, f"mailed code {redeemed.state}", account_id=person.row.account_id))
    is_wrong = redeemed.state is CodeState.WRONG
    old = _("This code can’t be used any more. Send a new one below.")
    return _form(
        transaction, {"code": str(_("This code is not right. Check the newest mail from us.") if is_wrong else old)}, 403
    )


def _is_possible(person: SignedIn) -> bool:
    return not person.row.is_email_verified and not person.is_by_door and is_mail_sent()


def _meaning(person: SignedIn) -> list[str]:
    with g.db.reading() as db:
        has_other = _has_other_password(db, person)
        is_kept = has_other and is_last_own_way(db, person.row.account_id, clock_now())
    sentences = [_("We send a code to %(email)s. With it, applications may know you by this address.", email=person.row.email)]
    if is_kept:
        sentences.append(
            _("Your password and its second factors stay: they let an admin in even while the identity provider fails.")
        )
        sentences.append(_("If somebody else could know them, set up new ones afterwards."))
    elif has_other:
        sentences.append(_("Your password and its second factors go then: you use the provider that you signed in with."))
    sentences.append(
        _("You are signed out everywhere else, and other ways to sign in are unlinked: they could be somebody else’s.")
    )
    return [str(sentence) for sentence in sentences]


def _has_other_password(db: TenantSession, person: SignedIn) -> bool:
    """One that this session did not come by."""
    return person.row.method != LOCAL and held_by(db, person.row.account_id).has_password


def _send(transaction: Transaction) -> Response:
    try:
        email_code.send(transaction, transaction.row.email, OWN_ADDRESS)
    except Refusal as refusal:
        if refusal.cause is not Cause.RATE_LIMITED:
            raise
        record(refusal)
        sentence = _("The next code can be sent at %(until)s.", until=refusal.facts["until"])
        return _form(transaction, {"code": str(sentence)}, 429)
    return redirect(url_for("account.address", tx=transaction.tx), 303)


def _finish(person: SignedIn, transaction: Transaction) -> Response:
    """This browser goes on in a new session, no longer than it could before."""
    row, now = person.row, clock_now()
    with g.db.writing() as db:
        if not db.run(FINISH_TRANSACTION, id_hash=transaction.id_hash, browser=browser_hash(), now=now):
            raise Refusal(Cause.FLOW_EXPIRED, "the transaction ended meanwhile", account_id=row.account_id)
        db.one(LOCK_ACCOUNT, account=row.account_id)
        account = db.one(OWN_ACCOUNT, account=row.account_id)
        if account is None or account.email != transaction.row.email:
            raise Refusal(Cause.FLOW_EXPIRED, "the account has another address meanwhile", account_id=row.account_id)
        is_kept = _has_other_password(db, person) and is_last_own_way(db, row.account_id, now)
        end_what_was(db, row.account_id, now, spared={row.identity_id or ""}, keeps_local=row.method == LOCAL)
        note_change(db, person, "address_confirmed_kept" if is_kept else "address_confirmed", now)
        open_session(db, row.account_id, row.method, row.proofs, row.auth_time, person, row.expires_at - now)
    return back("address")


def _find(person: SignedIn) -> Transaction | None:
    """Under way in this browser, by this person, for the address that the account has now."""
    found = find(request.values.get("tx", ""), OWN_ADDRESS)
    whose = (found.row.account_id, found.row.email) if found is not None else None
    return found if whose == (person.row.account_id, person.row.email) else None


def _form(transaction: Transaction, errors: dict[str, str], status: int = 200) -> Response:
    page = render_template(
        "account/address.html",
        tx=transaction.tx,
        email=transaction.row.email,
        errors=errors,
        cancel_url=url_for("account.overview"),
    )
    return make_response(page, status)
