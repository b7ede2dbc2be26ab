"""The second step of a sign-in: the app's code, a recovery code or a mailed one; and the choice between what there is.

Passkeys have their own pages (passkey_sign_in.py), because they are a first step as well.
"""

from collections.abc import Callable

from flask import g, make_response, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from broker.errors import record
from broker.factors import email_code, recovery_code, totp
from broker.factors.email_code import CodeState
from broker.known_devices import known_device_of_account
from broker.pages import FactorWay
from broker.session import Proof
from broker.signin.dispatch import STEP_OF_FACTOR, go_on
from broker.signin.question import require_way
from broker.signin.second_factor import EMAIL_CODE, PASSKEY, RECOVERY_CODE, TOTP, Factors, factors_of, require_factor
from broker.signin.transaction import (
    BY_MAIL,
    Transaction,
    add_proof,
    count_failure,
    require,
    require_live,
    start_url,
    write_proof,
)
from broker.signin.tries import note_right_try, spending_try, tries_of
from broker.wiring import the_broker
from tenants.causes import Cause, Refusal
from tenants.db import TenantSession
from tenants.throttles import FORGIVE_TRY
from tenants.ways import LOCAL


def require_first_step() -> Transaction:
    """Nobody reaches the second factor without the first one, shown in this very attempt (SF-03)."""
    transaction = require("sign_in", *BY_MAIL)
    if transaction.row.method == LOCAL:
        require_way(transaction, LOCAL)
    if not has_taken_first_step(transaction):
        raise Refusal(Cause.FLOW_EXPIRED, "the first step was not taken in this attempt")
    return transaction


def has_taken_first_step(transaction: Transaction) -> bool:
    """Has it shown what a second factor comes after: the password, the provider, or for a reset the address?"""
    if transaction.is_by_mail:
        return transaction.has_proven("mail")
    return transaction.has_proven("pwd" if transaction.row.method == LOCAL else "fed")


def choose_page() -> Response:
    """GET: everything that this account may prove itself with."""
    transaction = require_first_step()
    factors = factors_of(transaction)
    page = render_template(
        "factors/choose.html",
        email=transaction.row.email,
        restart_url=start_url(transaction),
        ways=[_way(key, factors, transaction) for key in factors.ways],
    )
    return make_response(page)


def totp_page() -> Response:
    """GET: ask for the code."""
    return _totp_form(require_first_step(), {})


def check_totp() -> Response:
    """POST: one try of a code."""
    transaction = require_first_step()
    account_id, typed = transaction.row.account_id, request.form.get("code", "")
    if not _try(TOTP, "otp", transaction, lambda db: totp.spend(db, account_id, typed)):
        sentence = _("This code is not right. Apps show a new one every 30 seconds; use the one on the screen now.")
        return _totp_form(transaction, {"code": sentence}, 403)
    return go_on(transaction, trusts_device=wants_trust())


def recovery_code_page() -> Response:
    """GET: ask for one of the codes that were shown at the set-up."""
    return _recovery_code_form(require_first_step(), {})


def check_recovery_code() -> Response:
    """POST: one try. A right one is used up, whatever comes after."""
    transaction = require_first_step()
    account_id, typed = transaction.row.account_id, request.form.get("code", "")
    if not _try("recovery-code", "rec", transaction, lambda db: recovery_code.spend(db, account_id, typed)):
        return _recovery_code_form(transaction, {"code": _("This recovery code is not right, or was used before.")}, 403)
    return go_on(transaction)


def email_code_page() -> Response:
    """GET: says where a code would go. Sends nothing: addresses are opened by more than people."""
    transaction = require_first_step()
    return _email_code_form(transaction, require_factor(transaction, EMAIL_CODE), {}, is_sent=False)


def check_email_code() -> Response:
    """POST: have a code sent, or one try of it. It lets in where policy says so, and is never more than it is (SF-05)."""
    transaction = require_first_step()
    factors = require_factor(transaction, EMAIL_CODE)
    if "send" in request.form:
        email_code.send(transaction, factors.email, "factor")
        return _email_code_form(transaction, factors, {})
    redeemed = email_code.redeem(transaction, request.form.get("code", ""))
    if redeemed.state is not CodeState.RIGHT or redeemed.account_id != transaction.row.account_id:
        cause = Cause.CODE_INVALID if redeemed.state is CodeState.WRONG else Cause.CODE_EXPIRED
        record(Refusal(cause, f"mailed code: {redeemed.state}", account_id=transaction.row.account_id))
        count_failure(transaction)
        return _email_code_form(transaction, factors, {"code": _objection(redeemed.state)}, 403)
    add_proof(transaction, Proof("mail", the_broker().ports.clock.now()))
    return go_on(transaction)


def other_factors_url(transaction: Transaction, factors: Factors) -> str | None:
    """Where the other factors are offered; None: there is one only."""
    return url_for("signin.factor", tx=transaction.tx) if len(factors.ways) > 1 else None


def trust_days(transaction: Transaction, factors: Factors) -> int:
    """For how many days the second factor may be left out on this device, if the person wishes so; 0: not at all."""
    is_sign_in = transaction.row.method == LOCAL and not transaction.is_by_mail
    return int(g.tenant.policy_for(factors.organization_id).trusted_device_days) if is_sign_in else 0


def wants_trust() -> bool:
    """Did the person tick the box?"""
    return "trust" in request.form


def _try(what: str, method: str, transaction: Transaction, spend: Callable[[TenantSession], bool]) -> bool:
    """One try of a code that has a counter of its own, on a known device apart from everywhere else.

    A right one is spent, and its proof written, in one step. It stays spent where the attempt has ended meanwhile.
    """
    account_id, is_live = transaction.row.account_id, True
    tries = tries_of(what, account_id, known_device_of_account(account_id), Cause.CREDENTIAL_LOCKED)
    # An app's code dies by itself; a recovery code is used up for good.
    with spending_try(tries, is_durable=what != TOTP) as db:
        is_right = spend(db)
        if is_right:
            # Not forgotten: else each sign-in of the owner would give somebody who has the password new tries (SF-02).
            note_right_try(db, FORGIVE_TRY, tries)
            is_live = write_proof(db, transaction, Proof(method, the_broker().ports.clock.now()))
    if not is_right:
        record(Refusal(Cause.FACTOR_INVALID, f"{what}: wrong or spent code", account_id=account_id))
        count_failure(transaction)
    require_live(is_live)
    return is_right


def _objection(state: CodeState) -> str:
    if state is CodeState.WRONG:
        return str(_("This code is not right. Check the newest mail from us."))
    if state is CodeState.SPENT:
        return str(_("This code was typed wrongly too often. Send a new one."))
    return str(_("This code is older than 5 minutes, or was used already. Send a new one."))


def _way(key: str, factors: Factors, transaction: Transaction) -> FactorWay:
    names = {
        TOTP: (_("Authenticator app"), _("The six-digit code it shows"), "phone"),
        PASSKEY: (_("Passkey"), _("Fingerprint, face or PIN of your device"), "fingerprint"),
        RECOVERY_CODE: (_("Recovery code"), _("One of the long codes you saved at set-up"), "key"),
        EMAIL_CODE: (_("Code by e-mail"), _("To %(address)s", address=masked(factors.email)), "envelope"),
    }
    label, note, icon = names[key]
    return FactorWay(label, note, icon, url_for(STEP_OF_FACTOR[key], tx=transaction.tx), key == factors.ways[0])


def masked(email: str) -> str:
    """An address that its owner knows again: `j•••@acme.example`."""
    local, at, domain = email.rpartition("@")
    return f"{local[:1]}•••{at}{domain}"


def _context(transaction: Transaction, factors: Factors) -> dict[str, object]:
    return {
        "tx": transaction.tx,
        "email": transaction.row.email,
        "restart_url": start_url(transaction),
        "other_url": other_factors_url(transaction, factors),
    }


def _totp_form(transaction: Transaction, errors: dict[str, str], status: int = 200) -> Response:
    factors = require_factor(transaction, TOTP)
    context = _context(transaction, factors)
    page = render_template("factors/totp.html", errors=errors, trust_days=trust_days(transaction, factors), **context)
    return make_response(page, status)


def _recovery_code_form(transaction: Transaction, errors: dict[str, str], status: int = 200) -> Response:
    context = _context(transaction, require_factor(transaction, RECOVERY_CODE))
    return make_response(render_template("factors/recovery_code.html", errors=errors, **context), status)


def _email_code_form(
    transaction: Transaction, factors: Factors, errors: dict[str, str], status: int = 200, *, is_sent: bool = True
) -> Response:
    page = render_template(
        "factors/email_code.html",
        errors=errors,
        address=masked(factors.email),
        is_sent=is_sent,
        **_context(transaction, factors),
    )
    return make_response(page, status)
