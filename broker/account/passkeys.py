"""Passkeys of one's own: adding, renaming, removing. A challenge is taken before its answer is looked at."""

from typing import Any

from flask import g, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from broker.account.changes import back, clock_now, note_change, own_page
from broker.account.holdings import Holdings, held_by, holdings_of
from broker.errors import record
from broker.factors import passkey
from broker.factors.passkey import NewPasskey
from broker.guard import require_fresh, require_person
from broker.session import SignedIn
from broker.signin.transaction import Transaction, begin_change, browser_hash, find, save
from broker.user_agent import device_words
from tenants import audit
from tenants.accounts import LOCK_ACCOUNT
from tenants.audit import Event
from tenants.causes import Cause, Refusal
from tenants.passkeys import DROP_PASSKEY, RENAME_PASSKEY
from tenants.transactions import FINISH_TRANSACTION

PURPOSE = "own_passkey"
LONGEST_LABEL = 100


def creation_page() -> Response:
    """GET: a name, and the button that asks the device."""
    person = require_person()
    require_fresh(person)
    held = holdings_of(person)
    if not held.are_passkeys_offered:
        return back()
    return _creation_form(person, held, device_words(request.user_agent.string), {})


def add() -> Response:
    """POST: what the device made."""
    person = require_person()
    require_fresh(person)
    held, label = holdings_of(person), _label()
    transaction = _find(person)
    if transaction is None or not held.are_passkeys_offered:
        return back()
    if not label:
        return _creation_form(person, held, "", {"label": _("Give it a name that you will know it by.")}, 400)
    if not request.form.get("answer"):
        return _creation_form(person, held, label, {}, 400, _("Press the button, so that your device makes one."))
    try:
        _take(transaction)
        _write(person, passkey.verify_creation(request.form.get("answer", ""), transaction.row.challenge or ""), label)
    except Refusal as refusal:
        record(refusal)
        sentence = _("This device did not make a passkey. Try again, or use another device.")
        return _creation_form(person, held, label, {}, 403, sentence)
    return back("passkey_added")


def name_page() -> Response:
    """GET: its name, to change."""
    person, row = _require_own()
    return _name_form(person, row.label, {})


def rename() -> Response:
    """POST: another name; nothing else changes, so nobody is signed out."""
    person, row = _require_own()
    label, now = _label(), clock_now()
    if not label:
        return _name_form(person, "", {"label": _("Give it a name that you will know it by.")}, 400)
    with g.db.writing() as db:
        if db.run(RENAME_PASSKEY, passkey_id=row.id, account=person.row.account_id, new_label=label):
            detail = {"what": "passkey_renamed", "by": "you"}
            audit.append(db, Event.CREDENTIAL_CHANGED, at=now, account_id=person.row.account_id, detail=detail)
    return back("passkey_renamed")


def removal_page() -> Response:
    """GET: what it means."""
    person, row = _require_own()
    held = holdings_of(person)
    kept = _("It is your only second factor, and a password is never without one. Set up an authenticator app first.")
    gone = _("Nobody gets in with it any more. Delete it on the device as well, so that it is not offered there.")
    return own_page(
        "account/confirm.html",
        person,
        title=_("Remove the passkey “%(label)s”?", label=row.label),
        sentences=[gone if held.may_lose_passkey else kept],
        may_go_on=held.may_lose_passkey,
        label=_("Remove the passkey and sign out everywhere else"),
        cancel_url=url_for("account.overview"),
    )


def remove() -> Response:
    """POST: unless it is the last second factor beside a password."""
    person, row = _require_own()
    account_id, now = person.row.account_id, clock_now()
    with g.db.writing() as db:
        db.one(LOCK_ACCOUNT, account=account_id)
        if not held_by(db, account_id).may_lose_passkey:
            return back()
        if db.run(DROP_PASSKEY, passkey_id=row.id, account=account_id):
            note_change(db, person, "passkey_removed", now)
    return back("passkey_removed")


def _require_own() -> tuple[SignedIn, Any]:
    """The person, with a fresh proof, and the passkey of theirs that the address names; any other is not there."""
    person = require_person()
    require_fresh(person)
    wanted = request.args.get("passkey", "")
    row = next((one for one in holdings_of(person).passkeys if one.id == wanted), None)
    if row is None:
        raise Refusal(Cause.PAGE_UNKNOWN, "no such passkey of this account")
    return person, row


def _take(transaction: Transaction) -> None:
    with g.db.writing() as db:
        taken = db.run(FINISH_TRANSACTION, id_hash=transaction.id_hash, browser=browser_hash(), now=clock_now())
    if not taken:
        raise Refusal(Cause.FACTOR_INVALID, "the challenge was taken before")


def _write(person: SignedIn, made: NewPasskey, label: str) -> None:
    now = clock_now()
    with g.db.writing() as db:
        passkey.add(db, person.row.account_id, made, label, now)
        note_change(db, person, "passkey_added", now, is_loss=False)


def _find(person: SignedIn) -> Transaction | None:
    found = find(request.form.get("tx", ""), PURPOSE)
    return found if found is not None and found.row.account_id == person.row.account_id else None


def _label() -> str:
    return audit.printable(request.form.get("label", "")).strip()[:LONGEST_LABEL]


def _creation_form(
    person: SignedIn, held: Holdings, label: str, errors: dict[str, str], status: int = 200, notice: str | None = None
) -> Response:
    """With a challenge of its own each time."""
    options, challenge = passkey.creation_options(held.account, held.passkeys)
    transaction = begin_change(PURPOSE, person.row.account_id, person.row.email)
    save(transaction, challenge=challenge)
    return own_page(
        "account/passkey.html",
        person,
        status,
        tx=transaction.tx,
        options=options,
        label=label,
        errors=errors,
        notice=notice,
        form_action_url=url_for("account.add_passkey"),
        cancel_url=url_for("account.overview"),
    )


def _name_form(person: SignedIn, label: str, errors: dict[str, str], status: int = 200) -> Response:
    page = {"label": label, "errors": errors, "cancel_url": url_for("account.overview")}
    return own_page("account/passkey_name.html", person, status, **page)
