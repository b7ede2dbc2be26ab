"""The authenticator app: a new one is proven by its first code before the old one goes.

The new seed waits, sealed, in the row of a transaction of this browser and is shown until then; afterwards never again.
"""

import json

from flask import g, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from broker.account.changes import back, clock_now, note_change, own_page, reset_all_factors
from broker.account.codes import show_codes
from broker.account.holdings import Holdings, held_by, holdings_of
from broker.errors import record
from broker.factors import recovery_code, totp
from broker.guard import require_fresh, require_person
from broker.session import SignedIn
from broker.signin.transaction import Transaction, begin_change, browser_hash, count_failure, find, save
from broker.wiring import the_broker
from tenants.accounts import LOCK_ACCOUNT
from tenants.causes import Cause, Refusal
from tenants.credentials import ADD_CREDENTIAL, DROP_CREDENTIALS_OF_KIND, CredentialKind
from tenants.db import TenantSession
from tenants.ids import new_id
from tenants.transactions import FINISH_TRANSACTION
from tenants.vault import Place

PURPOSE = "own_app"


def app_page() -> Response:
    """GET: the picture and the secret of a new app."""
    person = require_person()
    require_fresh(person)
    transaction = _find(person)
    return begin_app(person) if transaction is None else _form(transaction, {})


def prove_app() -> Response:
    """POST: the first code of the new app; with it the old one goes."""
    person = require_person()
    require_fresh(person)
    transaction = _find(person)
    if transaction is None:
        return begin_app(person)
    pending = _pending(transaction)
    step = totp.matching_step(pending["seed"], request.form.get("code", ""), clock_now())
    if step is None:
        record(Refusal(Cause.FACTOR_INVALID, "wrong code at set-up", account_id=person.row.account_id))
        count_failure(transaction)
        sentence = _("This code is not right. Apps show a new one every 30 seconds; use the one on the screen now.")
        return _form(transaction, {"code": sentence}, 403)
    return _finish(person, transaction, pending, step)


def begin_app(person: SignedIn, *, resets: bool = False) -> Response:
    """To the page of a fresh seed. `resets`: all second factors go when it is proven (L8)."""
    transaction = begin_change(PURPOSE, person.row.account_id, person.row.email)
    pending = {"seed": totp.new_seed(), "credential_id": new_id("cre"), "resets": "yes" if resets else ""}
    save(transaction, pending_sealed=the_broker().vault.seal(json.dumps(pending), _place(transaction)))
    return redirect(url_for("account.app", tx=transaction.tx), 303)


def removal_page() -> Response:
    """GET: what it means."""
    person = require_person()
    require_fresh(person)
    held = holdings_of(person)
    if held.app is None:
        return back()
    return own_page(
        "account/confirm.html",
        person,
        title=_("Remove the authenticator app?"),
        sentences=[_keeps(held)],
        may_go_on=held.may_lose_app,
        label=_("Remove the app and sign out everywhere else"),
        cancel_url=url_for("account.overview"),
    )


def remove() -> Response:
    """POST: if a passkey stays in its place, or there is no password to protect."""
    person = require_person()
    require_fresh(person)
    account_id, now = person.row.account_id, clock_now()
    with g.db.writing() as db:
        db.one(LOCK_ACCOUNT, account=account_id)
        if not held_by(db, account_id).may_lose_app:
            return back()
        if db.run(DROP_CREDENTIALS_OF_KIND, account=account_id, which=CredentialKind.TOTP.value):
            note_change(db, person, "totp_removed", now)
    return back("totp_removed")


def _keeps(held: Holdings) -> str:
    if not held.may_lose_app:
        return str(_("It is your only second factor, and a password needs one. Add a passkey first, or replace the app."))
    if held.passkeys:
        return str(_("From then on you sign in with a passkey, or with your password and a passkey."))
    return str(_("You have no password here, so nothing asks for it."))


def _finish(person: SignedIn, transaction: Transaction, pending: dict[str, str], step: int) -> Response:
    """Write the new app in the place of the old one, or of all factors; new recovery codes where none are left."""
    account_id, now, resets = person.row.account_id, clock_now(), bool(pending["resets"])
    codes = recovery_code.new_codes()
    with g.db.writing() as db:
        if not db.run(FINISH_TRANSACTION, id_hash=transaction.id_hash, browser=browser_hash(), now=now):
            raise Refusal(Cause.FLOW_EXPIRED, "the transaction ended meanwhile", account_id=account_id)
        db.one(LOCK_ACCOUNT, account=account_id)
        if resets:
            reset_all_factors(db, person, now)
        is_loss = bool(db.run(DROP_CREDENTIALS_OF_KIND, account=account_id, which=CredentialKind.TOTP.value))
        _add(db, account_id, pending, step)
        lacks_codes = recovery_code.left(db, account_id) == 0
        if lacks_codes:
            recovery_code.store(db, account_id, codes, now)
        if not resets:
            note_change(db, person, "totp_added", now, is_loss=is_loss)
    done = "factors_reset" if resets else "totp_replaced" if is_loss else "totp_added"
    return show_codes(person, codes, done) if lacks_codes else back(done)


def _add(db: TenantSession, account_id: str, pending: dict[str, str], step: int) -> None:
    """The code that proved the app is spent with that."""
    now = clock_now()
    db.run(
        ADD_CREDENTIAL,
        id=pending["credential_id"],
        account_id=account_id,
        kind=CredentialKind.TOTP.value,
        secret_sealed=totp.seal_seed(pending["seed"], pending["credential_id"]),
        last_step=step,
        created_at=now,
        last_used_at=now,
    )


def _find(person: SignedIn) -> Transaction | None:
    """The change under way of this browser and this person; None begins one."""
    found = find(request.values.get("tx", ""), PURPOSE)
    return found if found is not None and found.row.account_id == person.row.account_id else None


def _form(transaction: Transaction, errors: dict[str, str], status: int = 200) -> Response:
    seed = _pending(transaction)["seed"]
    page = render_template(
        "factors/enrol_totp.html",
        tx=transaction.tx,
        secret_groups=[seed[start : start + 4] for start in range(0, len(seed), 4)],
        otpauth_url=totp.enrolment_url(seed, transaction.row.email, g.tenant.name),
        errors=errors,
        cancel_url=url_for("account.overview"),
    )
    return make_response(page, status)


def _pending(transaction: Transaction) -> dict[str, str]:
    opened: dict[str, str] = json.loads(the_broker().vault.open(transaction.row.pending_sealed, _place(transaction)))
    return opened


def _place(transaction: Transaction) -> Place:
    return Place(g.tenant.id, "login_transactions", "pending_sealed", transaction.id_hash)
